import type { Database, Query } from '@qsm/server-kit'
import { closeMailbox } from '../mailbox/create-mailbox.js'
import type { DeviceAddress } from './devices.js'

/** The same within the caller's transaction. */
export const removeDeviceWithin = async (query: Query, address: DeviceAddress, now: number): Promise<boolean> => {
  const key = [address.userId, address.deviceId]
  const removed = await query(
    `UPDATE message.device SET removed_at = $3
       WHERE user_id = $1 AND device_id = $2 AND removed_at IS NULL RETURNING 1`,
    [...key, new Date(now)],
  )
  if (removed.length === 0) return false
  await query('DELETE FROM message.started_use WHERE to_user = $1 AND to_device = $2', key)
  await closeMailbox(query, address)
  await query(
    `DELETE FROM message.device_binding WHERE session_id IN (
       SELECT session_id FROM message.device_binding WHERE user_id = $1 AND device_id = $2 ORDER BY session_id FOR UPDATE)`,
    key,
  )
  await query('DELETE FROM message.prekey WHERE user_id = $1 AND device_id = $2', key)
  return true
}

/**
 * Removes a device: its prekeys and the bindings of its login sessions go with it, its mailbox is closed and emptied by a
 * job, its id stays used. False where the user has no such device.
 */
export const removeDevice = (database: Database, address: DeviceAddress, now: number): Promise<boolean> =>
  database.transaction(query => removeDeviceWithin(query, address, now))
