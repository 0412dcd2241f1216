import { encodeBase64, limits } from '@qsm/contract'
import type { Database } from '@qsm/server-kit'

interface ListedRow {
  readonly username: string
  readonly peer_id: string
  readonly state: 'requested' | 'started' | 'open' | 'rejected'
  readonly is_blocked: boolean
  readonly request_id: string | null
  readonly answered_request_id: string | null
  readonly response: Buffer | null
}

export interface ListOptions {
  readonly userId: string
  /** The device that asks; null for a session that is bound to none. */
  readonly deviceId: number | null
  /** Only the connection with this user. */
  readonly peerId?: string
  readonly now: number
}

/** For so long the device that asked gets the Response. */
const responseLifeMs = limits.requestLifeMs

/**
 * The connections of a user as answers show them, by name. Blocked is what either side has blocked; a block by somebody
 * with whom there never was a connection is not shown, nor is a request that has expired. Each device gets the newest
 * Response to a request of its own, for 14 days.
 */
export const listConnections = async (database: Database, { userId, deviceId, peerId, now }: ListOptions) => {
  const rows = await database.query<ListedRow>(
    `SELECT a.username, a.user_id AS peer_id, c.state, c.blocked_by_low OR c.blocked_by_high AS is_blocked, c.request_id,
       own.request_id AS answered_request_id, own.response
     FROM message.connection c
     JOIN message.account a ON a.user_id = CASE WHEN c.user_low = $1 THEN c.user_high ELSE c.user_low END
     LEFT JOIN LATERAL (
       SELECT r.request_id, r.response FROM message.connection_request r
       WHERE r.from_user = $1 AND r.to_user = a.user_id AND r.from_device = $2
         AND r.state = 'accepted' AND r.answered_at > $3
       ORDER BY r.answered_at DESC LIMIT 1
     ) own ON true
     WHERE (c.user_low = $1 OR c.user_high = $1) AND ($4::uuid IS NULL OR a.user_id = $4)
       AND (CASE WHEN c.user_low = $1 THEN c.blocked_by_low ELSE c.blocked_by_high END
         OR c.state IN ('started', 'open', 'rejected')
         OR (c.state = 'requested' AND EXISTS (
           SELECT 1 FROM message.connection_request p
           WHERE (p.from_user, p.to_user) IN ((c.user_low, c.user_high), (c.user_high, c.user_low))
             AND p.state = 'pending' AND p.expires_at > $5)))
     ORDER BY a.username_key`,
    [userId, deviceId, new Date(now - responseLifeMs), peerId ?? null, new Date(now)],
  )
  return rows.map(row => ({
    peer_username: row.username,
    peer_user_id: row.peer_id,
    state: row.is_blocked ? ('blocked' as const) : row.state,
    request_id: row.answered_request_id ?? row.request_id,
    ...(row.response ? { handshake: encodeBase64(row.response) } : {}),
  }))
}
