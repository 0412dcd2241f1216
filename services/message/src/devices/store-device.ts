import { limits } from '@qsm/contract'
import { type DeviceRecord, decodeDeviceRecord } from '@qsm/protocol'
import { QsmError, type Query } from '@qsm/server-kit'
import { createMailbox } from '../mailbox/create-mailbox.js'
import { checkSuccession } from './judge-device-record.js'

interface Known {
  readonly record: Buffer
  readonly removed_at: Date | null
}

const countActive = async (query: Query, userId: string, now: number): Promise<number> => {
  const [row] = await query<{ count: number }>(
    `SELECT count(*)::int AS count FROM message.device
     WHERE user_id = $1 AND removed_at IS NULL AND (expires_at = 0 OR expires_at > $2)`,
    [userId, now],
  )
  return row?.count ?? 0
}

/** Registrations of one user go one after the other, until the transaction ends. Throws `unauthorized` for no account. */
export const lockAccount = async (query: Query, userId: string): Promise<void> => {
  const [account] = await query(
    `SELECT 1 FROM message.account WHERE user_id = $1 AND state = 'active' FOR NO KEY UPDATE`,
    [userId],
  )
  if (!account) throw new QsmError('unauthorized')
}

/**
 * Stores a record whose signature holds, within the caller's transaction, which has locked the account. True where the
 * device is new. Throws `record_refused`, `device_id_taken` or `conflict`.
 */
export const storeDevice = async (
  query: Query,
  userId: string,
  record: DeviceRecord,
  now: number,
): Promise<boolean> => {
  const key = [userId, record.device]
  const [known] = await query<Known>(
    'SELECT record, removed_at FROM message.device WHERE user_id = $1 AND device_id = $2 FOR NO KEY UPDATE',
    key,
  )
  if (known?.removed_at) {
    const text = 'A device with this id was removed: draw a new id.'
    throw new QsmError('device_id_taken', text, { details: { field: 'device_record' } })
  }
  if (known) {
    checkSuccession(decodeDeviceRecord(new Uint8Array(known.record)), record)
    await query('UPDATE message.device SET record = $3, expires_at = $4 WHERE user_id = $1 AND device_id = $2', [
      ...key,
      record.bytes,
      record.expiresAt,
    ])
    return false
  }
  if ((await countActive(query, userId, now)) >= limits.maxDevicesPerUser) {
    throw new QsmError('conflict', `At most ${limits.maxDevicesPerUser} devices: remove one first.`)
  }
  await query(
    `INSERT INTO message.device (user_id, device_id, record, expires_at, created_at, managed)
     VALUES ($1, $2, $3, $4, $5, $6)`,
    [...key, record.bytes, record.expiresAt, new Date(now), record.managed],
  )
  await createMailbox(query, { userId, deviceId: record.device })
  return true
}
