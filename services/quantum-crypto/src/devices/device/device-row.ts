import type { Query } from '@qsm/server-kit'
import type { DataKeyOwner } from '../../at-rest/data-key.js'
import type { WrappedKey } from '../../at-rest/key-encryption-key.js'

/** A row of crypto.device. */
export interface DeviceRow {
  readonly userId: string
  readonly deviceId: number
  readonly keyId: string
  readonly dataKey: WrappedKey
  /** Sealed. */
  readonly keys: Uint8Array
  /** The DeviceRecord that was signed last. */
  readonly record: Uint8Array
  readonly nextPrekeyId: number
  readonly mailboxEpoch: number
  readonly openedUpTo: number
}

/** To whom the data key of a managed device belongs: a device that is made anew has another `keyId`. */
export const deviceKeyOwner = ({ keyId, userId }: Pick<DeviceRow, 'keyId' | 'userId'>): DataKeyOwner => ({
  keyId,
  userId,
  algorithm: 'AES-256-GCM',
  purpose: 'managed device',
  version: 1,
})

/** Where the private keys stand. */
export const keysPlace = ({ deviceId }: Pick<DeviceRow, 'deviceId'>) => ['device', deviceId] as const

interface StoredRow {
  readonly user_id: string
  readonly device_id: string
  readonly key_id: string
  readonly kek_id: string
  readonly wrapped_key: Buffer
  readonly keys: Buffer
  readonly record: Buffer
  readonly next_prekey_id: string
  readonly mailbox_epoch: string
  readonly opened_up_to: string
}

const columns =
  'user_id, device_id, key_id, kek_id, wrapped_key, keys, record, next_prekey_id, mailbox_epoch, opened_up_to'

const rowOf = (row: StoredRow): DeviceRow => ({
  userId: row.user_id,
  deviceId: Number(row.device_id),
  keyId: row.key_id,
  dataKey: { kekId: row.kek_id, wrapped: row.wrapped_key },
  keys: row.keys,
  record: row.record,
  nextPrekeyId: Number(row.next_prekey_id),
  mailboxEpoch: Number(row.mailbox_epoch),
  openedUpTo: Number(row.opened_up_to),
})

/** The device of a user, locked until the transaction ends: its one writer over all processes. Null where there is none. */
export const lockDevice = async (query: Query, userId: string): Promise<DeviceRow | null> => {
  const [row] = await query<StoredRow>(
    { name: 'lock-device', text: `SELECT ${columns} FROM crypto.device WHERE user_id = $1 FOR UPDATE` },
    [userId],
  )
  return row ? rowOf(row) : null
}

/** The same for several users, by user, without waiting: those that somebody else has locked are left out. */
export const lockFreeDevices = async (
  query: Query,
  userIds: readonly string[],
): Promise<ReadonlyMap<string, DeviceRow>> => {
  const rows = await query<StoredRow>(
    {
      name: 'lock-free-devices',
      text: `SELECT ${columns} FROM crypto.device WHERE user_id = ANY($1::uuid[]) FOR UPDATE SKIP LOCKED`,
    },
    [userIds],
  )
  return new Map(rows.map(row => [row.user_id, rowOf(row)]))
}

/** Stores a new device. False where the user has got one meanwhile. */
export const insertDevice = async (query: Query, row: DeviceRow, createdAt: Date): Promise<boolean> => {
  const stored = await query(
    `INSERT INTO crypto.device (user_id, device_id, key_id, kek_id, wrapped_key, keys, record, next_prekey_id,
       mailbox_epoch, opened_up_to, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
     ON CONFLICT (user_id) DO NOTHING RETURNING 1`,
    [
      row.userId,
      row.deviceId,
      row.keyId,
      row.dataKey.kekId,
      row.dataKey.wrapped,
      row.keys,
      row.record,
      row.nextPrekeyId,
      row.mailboxEpoch,
      row.openedUpTo,
      createdAt,
    ],
  )
  return stored.length === 1
}

/** Deletes the device of a user with all that belongs to it. */
export const deleteDevice = async (query: Query, userId: string): Promise<void> => {
  await query('DELETE FROM crypto.device WHERE user_id = $1', [userId])
}
