import { randomInt } from 'node:crypto'
import type { Query } from '@qsm/server-kit'
import type { DeviceAddress } from '../devices/devices.js'

const maxEpoch = 0x7fff_ffff
const close = 'UPDATE message.mailbox SET closed = true, socket_id = gen_random_uuid()'

/** Makes the mailbox of a new device, within the caller's transaction. Its epoch is drawn. */
export const createMailbox = async (query: Query, { userId, deviceId }: DeviceAddress): Promise<void> => {
  await query('INSERT INTO message.mailbox (user_id, device_id, epoch) VALUES ($1, $2, $3)', [
    userId,
    deviceId,
    randomInt(1, maxEpoch),
  ])
}

/**
 * Closes the mailbox of a device, within the caller's transaction: nobody adds to it or reads from it any more. What waits in
 * it may be a month of messages; the job `removal` deletes it piece by piece. Whichever socket reads it is its holder no more.
 */
export const closeMailbox = async (query: Query, { userId, deviceId }: DeviceAddress): Promise<void> => {
  await query(`${close} WHERE user_id = $1 AND device_id = $2`, [userId, deviceId])
}

/** The same with all mailboxes of these users, locked in the order in which sends lock them. */
export const closeMailboxesOf = async (query: Query, userIds: readonly string[]): Promise<void> => {
  await query('SELECT 1 FROM message.mailbox WHERE user_id = ANY($1::uuid[]) ORDER BY user_id, device_id FOR UPDATE', [
    userIds,
  ])
  await query(`${close} WHERE user_id = ANY($1::uuid[])`, [userIds])
}

/** Locks the mailboxes of a user in the order in which sends lock them, within the caller's transaction. */
export const lockMailboxesOf = async (query: Query, userId: string): Promise<void> => {
  await query('SELECT 1 FROM message.mailbox WHERE user_id = $1 ORDER BY device_id FOR UPDATE', [userId])
}
