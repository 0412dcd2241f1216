import { createHash } from 'node:crypto'
import { limits } from '@qsm/contract'
import { acceptPrekey, type DeviceRecord, decodePrekey, type Prekey, prekeyKinds } from '@qsm/protocol'
import { QsmError, type Query } from '@qsm/server-kit'
import type { MessageContext } from '../context.js'
import type { DeviceAddress } from '../devices/devices.js'
import { recordRefused } from '../devices/register.js'

export interface PrekeyCounts {
  readonly one_time: number
  readonly last_resort: number
}

const judge = async (context: MessageContext, owner: DeviceRecord, records: readonly Uint8Array[]): Promise<readonly Prekey[]> => {
  const prekeys: Prekey[] = []
  for (const [index, bytes] of records.entries()) {
    try {
      const prekey = decodePrekey(bytes)
      await acceptPrekey(context.verifier, prekey, owner)
      prekeys.push(prekey)
    } catch (error) {
      throw recordRefused(error, `prekeys[${index}]`)
    }
  }
  if (new Set(prekeys.map(prekey => prekey.id)).size !== prekeys.length) {
    throw new QsmError('record_refused', 'prekeys: an id comes twice.', { details: { field: 'prekeys' } })
  }
  if (prekeys.filter(prekey => prekey.kind === prekeyKinds.lastResort).length > 1) {
    throw new QsmError('record_refused', 'prekeys: at most one last-resort prekey.', { details: { field: 'prekeys' } })
  }
  return prekeys
}

const count = async (query: Query, { userId, deviceId }: DeviceAddress, now: number): Promise<PrekeyCounts> => {
  const [row] = await query<{ one_time: number; last_resort: number }>(
    `SELECT count(*) FILTER (WHERE kind = 1)::int AS one_time, count(*) FILTER (WHERE kind = 2)::int AS last_resort
     FROM message.prekey WHERE user_id = $1 AND device_id = $2 AND not_after > $3`,
    [userId, deviceId, now],
  )
  return row ?? { one_time: 0, last_resort: 0 }
}

/** Keeps the ids that are new; the same record again changes nothing, an id with other bytes is refused. */
const claimIds = async (query: Query, { userId, deviceId }: DeviceAddress, prekeys: readonly Prekey[]): Promise<readonly Prekey[]> => {
  const fresh: Prekey[] = []
  for (const prekey of prekeys) {
    const hash = createHash('sha256').update(prekey.bytes.subarray(0, prekey.bytes.length - 730)).digest()
    const inserted = await query(
      `INSERT INTO message.prekey_id (user_id, device_id, prekey_id, record_sha256) VALUES ($1, $2, $3, $4)
       ON CONFLICT DO NOTHING RETURNING prekey_id`,
      [userId, deviceId, prekey.id, hash],
    )
    if (inserted.length > 0) {
      fresh.push(prekey)
      continue
    }
    const [known] = await query<{ record_sha256: Buffer }>(
      'SELECT record_sha256 FROM message.prekey_id WHERE user_id = $1 AND device_id = $2 AND prekey_id = $3',
      [userId, deviceId, prekey.id],
    )
    if (!known?.record_sha256.equals(hash)) {
      throw new QsmError('prekey_conflict', `Prekey id ${prekey.id} was used before with other bytes: draw a new one.`)
    }
  }
  return fresh
}

const insert = (query: Query, { userId, deviceId }: DeviceAddress, prekey: Prekey) =>
  query(
    'INSERT INTO message.prekey (user_id, device_id, prekey_id, kind, record, not_after) VALUES ($1, $2, $3, $4, $5, $6)',
    [userId, deviceId, prekey.id, prekey.kind, prekey.bytes, prekey.notAfter],
  )

/** Adds one-time prekeys (at most 100 are held) and replaces the last-resort one. */
export const putPrekeys = async (
  context: MessageContext,
  address: DeviceAddress,
  owner: DeviceRecord,
  records: readonly Uint8Array[],
): Promise<PrekeyCounts> => {
  const prekeys = await judge(context, owner, records)
  const now = context.clock.now()
  const { userId, deviceId } = address
  return context.database.transaction(async query => {
    await query('SELECT 1 FROM message.device WHERE user_id = $1 AND device_id = $2 FOR UPDATE', [userId, deviceId])
    await query('DELETE FROM message.prekey WHERE user_id = $1 AND device_id = $2 AND not_after <= $3', [userId, deviceId, now])
    const fresh = await claimIds(query, address, prekeys)
    if (fresh.some(prekey => prekey.kind === prekeyKinds.lastResort)) {
      await query('DELETE FROM message.prekey WHERE user_id = $1 AND device_id = $2 AND kind = 2', [userId, deviceId])
    }
    for (const prekey of fresh) await insert(query, address, prekey)
    const counts = await count(query, address, now)
    if (counts.one_time > limits.maxOneTimePrekeys) {
      throw new QsmError('conflict', `At most ${limits.maxOneTimePrekeys} one-time prekeys are held; ${counts.one_time} would be.`)
    }
    return counts
  })
}

export const countPrekeys = (context: MessageContext, address: DeviceAddress): Promise<PrekeyCounts> =>
  count(context.database.query, address, context.clock.now())

/**
 * Hands out one prekey of a device, a one-time one first: it is removed in the statement that hands it out, so nobody
 * gets the same. A last-resort prekey stays. Null where there is none.
 */
export const claimPrekey = async (context: MessageContext, { userId, deviceId }: DeviceAddress): Promise<Buffer | null> => {
  const [oneTime] = await context.database.query<{ record: Buffer }>(
    `DELETE FROM message.prekey WHERE (user_id, device_id, prekey_id) = (
       SELECT user_id, device_id, prekey_id FROM message.prekey
       WHERE user_id = $1 AND device_id = $2 AND kind = 1 AND not_after > $3
       ORDER BY prekey_id LIMIT 1 FOR UPDATE SKIP LOCKED
     ) RETURNING record`,
    [userId, deviceId, context.clock.now()],
  )
  if (oneTime) return oneTime.record
  const [lastResort] = await context.database.query<{ record: Buffer }>(
    'SELECT record FROM message.prekey WHERE user_id = $1 AND device_id = $2 AND kind = 2 AND not_after > $3',
    [userId, deviceId, context.clock.now()],
  )
  return lastResort?.record ?? null
}
