import type { ConnectionRow } from '../connections/pair.js'

/**
 * One statement for all that sends ask. Each look-up goes to its index by a lateral join: a hash join would read the whole
 * table for a handful of keys while the statistics of a young table are wrong. One array of each is hidden behind a SELECT, so
 * that a plan is kept (see pages.ts). $1-$3 who sends what, $4-$5 pairs of users,
 * $6 users, $7-$10 envelopes, $11 now.
 */
export const factsStatement = `
SELECT (
  SELECT json_agg(json_build_array(k.ix, encode(s.body_sha256, 'hex'), s.answer, s.received_at))
  FROM unnest((SELECT $1::uuid[]), $2::bigint[], $3::uuid[]) WITH ORDINALITY AS k(u, d, m, ix) CROSS JOIN LATERAL (
    SELECT * FROM message.sent o WHERE o.sender_user = k.u AND o.sender_device = k.d AND o.message_id = k.m LIMIT 1
  ) s
) AS earlier, (
  SELECT json_agg(json_build_array(k.ix, json_build_object('user_low', c.user_low, 'user_high', c.user_high,
    'state', c.state, 'initiator', c.initiator, 'request_id', c.request_id,
    'blocked_by_low', c.blocked_by_low, 'blocked_by_high', c.blocked_by_high),
    CASE WHEN c.state = 'started' THEN (
      SELECT json_agg(json_build_array(u.to_device, u.envelopes)) FROM message.started_use u
      WHERE u.from_user = c.initiator
        AND u.to_user = CASE WHEN c.initiator = c.user_low THEN c.user_high ELSE c.user_low END) END))
  FROM unnest((SELECT $4::uuid[]), $5::uuid[]) WITH ORDINALITY AS k(low, high, ix) CROSS JOIN LATERAL (
    SELECT * FROM message.connection o WHERE o.user_low = k.low AND o.user_high = k.high LIMIT 1
  ) c
) AS connections, (
  SELECT json_agg(json_build_array(k.ix, d.device_id))
  FROM unnest((SELECT $6::uuid[])) WITH ORDINALITY AS k(u, ix) CROSS JOIN LATERAL (
    SELECT o.device_id FROM message.device o
    WHERE o.user_id = k.u AND o.removed_at IS NULL AND (o.expires_at = 0 OR o.expires_at > $11) OFFSET 0
  ) d
) AS devices, (
  SELECT json_agg(k.ix)
  FROM unnest((SELECT $7::bytea[]), $8::uuid[], $9::bigint[], $10::bigint[]) WITH ORDINALITY AS k(sid, u, d, seq, ix)
  CROSS JOIN LATERAL (
    SELECT 1 FROM message.seen o WHERE o.sid = k.sid AND o.sender_user = k.u AND o.sender_device = k.d AND o.seq = k.seq LIMIT 1
  ) s
) AS seen`

type Found<T extends readonly unknown[]> = readonly (readonly [place: number, ...T])[] | null

/** The one row that it answers; null where nothing was found. */
export interface FactsRow {
  readonly earlier: Found<[hash: string, answer: readonly [string, number, number][], receivedAt: number]>
  readonly connections: Found<[connection: ConnectionRow, used: readonly (readonly [number, number])[] | null]>
  readonly devices: Found<[deviceId: number]>
  readonly seen: readonly number[] | null
}
