import type { Caller } from '@qsm/server-kit'
import type { MessageContext } from '../context.js'
import { recordRefused } from '../records/refuse-record.js'
import { judgeDeviceRecord } from './judge-device-record.js'
import { lockAccount, storeDevice } from './store-device.js'

/**
 * Registers a device, or takes a fresh proof of its key, and binds the caller's login session to it. Throws `forbidden`,
 * `record_refused`, `device_id_taken` or `conflict`.
 */
export const registerDevice = async (
  { database, verifier }: Pick<MessageContext, 'database' | 'verifier'>,
  caller: Caller,
  bytes: Uint8Array,
): Promise<{ readonly deviceId: number; readonly isNew: boolean }> => {
  const record = await judgeDeviceRecord(verifier, caller.userId, bytes)
  if (record.managed) {
    const reason = 'managed devices are made by the quantum service: leave the managed flag out.'
    throw recordRefused('device_record', reason)
  }
  const isNew = await database.transaction(async query => {
    const now = verifier.now()
    await lockAccount(query, caller.userId)
    const result = await storeDevice(query, caller.userId, record, now)
    await query(
      `INSERT INTO message.device_binding (session_id, user_id, device_id, bound_at) VALUES ($1, $2, $3, $4)
       ON CONFLICT (session_id) DO UPDATE SET device_id = excluded.device_id, bound_at = excluded.bound_at
       WHERE device_binding.user_id = excluded.user_id`,
      [caller.sessionId, caller.userId, record.device, new Date(now)],
    )
    return result
  })
  return { deviceId: record.device, isNew }
}
