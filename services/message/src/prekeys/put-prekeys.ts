import { createHash } from 'node:crypto'
import { limits } from '@qsm/contract'
import { type DeviceRecord, type Prekey, prekeyBody, prekeyKinds } from '@qsm/protocol'
import { QsmError, type Query } from '@qsm/server-kit'
import type { MessageContext } from '../context.js'
import type { DeviceAddress } from '../devices/devices.js'
import { countPrekeys, type PrekeyCounts } from './count-prekeys.js'
import { judgePrekeys } from './judge-prekeys.js'

/** What a prekey id stands for. Without the signature: its bytes are no identifier (docs/protocol.md section 2). */
const hashOf = (prekey: Prekey): Buffer => createHash('sha256').update(prekeyBody(prekey)).digest()

/** Marks the ids as used and returns the prekeys whose ids are new. Throws `prekey_conflict` for another key under a used id. */
const takeIds = async (query: Query, { userId, deviceId }: DeviceAddress, prekeys: readonly Prekey[]) => {
  const given = [userId, deviceId, prekeys.map(prekey => prekey.id), prekeys.map(hashOf)]
  const conflicts = await query<{ id: string }>(
    `SELECT g.id FROM unnest($3::bigint[], $4::bytea[]) AS g(id, sha256)
     JOIN message.prekey_used u ON u.user_id = $1 AND u.device_id = $2 AND u.prekey_id = g.id
     WHERE u.body_sha256 <> g.sha256 ORDER BY g.id LIMIT 1`,
    given,
  )
  if (conflicts[0]) {
    const text = `Prekey id ${conflicts[0].id} was used before for another key: draw a new one. Nothing was stored.`
    throw new QsmError('prekey_conflict', text, { details: { field: 'prekeys' } })
  }
  const fresh = await query<{ prekey_id: string }>(
    `INSERT INTO message.prekey_used (user_id, device_id, prekey_id, body_sha256)
     SELECT $1, $2, g.id, g.sha256 FROM unnest($3::bigint[], $4::bytea[]) AS g(id, sha256)
     ON CONFLICT DO NOTHING RETURNING prekey_id`,
    given,
  )
  const ids = new Set(fresh.map(row => Number(row.prekey_id)))
  return prekeys.filter(prekey => ids.has(prekey.id))
}

const insert = (query: Query, { userId, deviceId }: DeviceAddress, prekeys: readonly Prekey[]) =>
  query(
    `INSERT INTO message.prekey (user_id, device_id, prekey_id, kind, record, not_after)
     SELECT $1, $2, p.* FROM unnest($3::bigint[], $4::smallint[], $5::bytea[], $6::bigint[]) AS p`,
    [
      userId,
      deviceId,
      prekeys.map(prekey => prekey.id),
      prekeys.map(prekey => prekey.kind),
      prekeys.map(prekey => Buffer.from(prekey.bytes)),
      prekeys.map(prekey => prekey.notAfter),
    ],
  )

const checkCount = ({ one_time }: PrekeyCounts): void => {
  const max = limits.maxOneTimePrekeys
  if (one_time <= max) return
  const text = `At most ${max} one-time prekeys are held, ${one_time} would be: give ${one_time - max} fewer. Nothing was stored.`
  throw new QsmError('conflict', text, { details: { field: 'prekeys' } })
}

/**
 * Adds one-time prekeys of a device and replaces its last-resort one; what is known already changes nothing. All or
 * nothing. Throws `record_refused`, `prekey_conflict`, `conflict` over 100 one-time ones, `not_found` for no such device.
 */
export const putPrekeys = async (
  { database, verifier }: Pick<MessageContext, 'database' | 'verifier'>,
  address: DeviceAddress,
  owner: DeviceRecord,
  records: readonly Uint8Array[],
): Promise<PrekeyCounts> => {
  const prekeys = await judgePrekeys(verifier, owner, records)
  const key = [address.userId, address.deviceId]
  return database.transaction(async query => {
    // Uploads of one device go one after the other, and none comes to a device that is being removed.
    await query('SELECT 1 FROM message.device WHERE user_id = $1 AND device_id = $2 FOR NO KEY UPDATE', key)
    const fresh = await takeIds(query, address, prekeys)
    if (fresh.some(prekey => prekey.kind === prekeyKinds.lastResort)) {
      await query('DELETE FROM message.prekey WHERE user_id = $1 AND device_id = $2 AND kind = 2', key)
    }
    await insert(query, address, fresh)
    const counts = await countPrekeys(query, address, verifier.now())
    if (!counts) throw new QsmError('not_found')
    checkCount(counts)
    return counts
  })
}
