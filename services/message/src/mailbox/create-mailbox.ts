import { randomInt } from 'node:crypto'
import type { Query } from '@qsm/server-kit'
import type { DeviceAddress } from '../devices/devices.js'

const maxEpoch = 0x7fff_ffff

/** Makes the mailbox of a new device, within the caller's transaction. Its epoch is drawn. */
export const createMailbox = async (query: Query, { userId, deviceId }: DeviceAddress): Promise<void> => {
  await query('INSERT INTO message.mailbox (user_id, device_id, epoch) VALUES ($1, $2, $3)', [
    userId,
    deviceId,
    randomInt(1, maxEpoch),
  ])
}

/** Removes the mailbox of a device with all that waits in it, within the caller's transaction. */
export const removeMailbox = async (query: Query, { userId, deviceId }: DeviceAddress): Promise<void> => {
  // Locked first, so that no send adds to it meanwhile.
  await query('SELECT 1 FROM message.mailbox WHERE user_id = $1 AND device_id = $2 FOR UPDATE', [userId, deviceId])
  await query('DELETE FROM message.entry WHERE user_id = $1 AND device_id = $2', [userId, deviceId])
  await query('DELETE FROM message.mailbox WHERE user_id = $1 AND device_id = $2', [userId, deviceId])
}

/** Locks the mailboxes of a user in the order in which sends lock them, within the caller's transaction. */
export const lockMailboxesOf = async (query: Query, userId: string): Promise<void> => {
  await query('SELECT 1 FROM message.mailbox WHERE user_id = $1 ORDER BY device_id FOR UPDATE', [userId])
}
