import { encodeBundle } from '@qsm/protocol'
import type { Database, Query } from '@qsm/server-kit'
import { lockPair, refuseBlocked } from '../connections/pair.js'
import { startConnection } from '../connections/start.js'

export interface ClaimedBundle {
  readonly deviceId: number
  /** The Bundle of docs/protocol.md section 3. */
  readonly bundle: Uint8Array
}

export interface Claim {
  readonly callerId: string
  readonly targetId: string
  /** Only these; null for every active device. */
  readonly deviceIds: readonly number[] | null
  /** Left out: the caller's own device. */
  readonly exceptDeviceId: number | null
  readonly now: number
}

/**
 * One prekey for each device: a one-time one is removed in the statement that hands it out, so nobody gets the same. Rows
 * that another claim holds are passed over. Where none is left, the last-resort prekey, which stays.
 */
const statement = `
WITH wanted AS (
  SELECT device_id, record FROM message.device
  WHERE user_id = $1 AND removed_at IS NULL AND (expires_at = 0 OR expires_at > $4)
    AND ($2::bigint[] IS NULL OR device_id = ANY($2)) AND ($3::bigint IS NULL OR device_id <> $3)
), picked AS (
  SELECT w.device_id, k.prekey_id FROM wanted w CROSS JOIN LATERAL (
    SELECT prekey_id FROM message.prekey
    WHERE user_id = $1 AND device_id = w.device_id AND kind = 1 AND not_after > $4
    ORDER BY prekey_id LIMIT 1 FOR UPDATE SKIP LOCKED
  ) k
), claimed AS (
  DELETE FROM message.prekey p USING picked k
  WHERE p.user_id = $1 AND p.device_id = k.device_id AND p.prekey_id = k.prekey_id
  RETURNING p.device_id, p.record
)
SELECT w.device_id, w.record, coalesce(c.record, l.record) AS prekey
FROM wanted w
LEFT JOIN claimed c USING (device_id)
LEFT JOIN message.prekey l
  ON c.record IS NULL AND l.user_id = $1 AND l.device_id = w.device_id AND l.kind = 2 AND l.not_after > $4
WHERE c.record IS NOT NULL OR l.record IS NOT NULL
ORDER BY w.device_id`

interface ClaimedRow {
  readonly device_id: string
  readonly record: Buffer
  readonly prekey: Buffer
}

const claim = async (query: Query, { targetId, deviceIds, exceptDeviceId, now }: Claim) => {
  const rows = await query<ClaimedRow>({ name: 'claim-bundles', text: statement }, [
    targetId,
    deviceIds,
    exceptDeviceId,
    now,
  ])
  return rows.map(row => ({ deviceId: Number(row.device_id), bundle: encodeBundle(row.record, row.prekey) }))
}

/**
 * Claims a bundle of each device of a user. Of another user's, this starts the connection, where there was a bundle to
 * start by; `isStarted` tells that it did. Throws `blocked` or `not_found`.
 */
export const claimBundles = (
  database: Database,
  request: Claim,
): Promise<{ readonly bundles: readonly ClaimedBundle[]; readonly isStarted: boolean }> =>
  database.transaction(async query => {
    const { callerId, targetId } = request
    if (callerId === targetId) return { bundles: await claim(query, request), isStarted: false }
    const connection = await lockPair(query, callerId, targetId)
    refuseBlocked(connection)
    const bundles = await claim(query, request)
    const isStarted = bundles.length > 0 && (await startConnection(query, callerId, targetId, connection))
    return { bundles, isStarted }
  })
