import { encodeBase64 } from '@qsm/contract'
import type { Database } from '@qsm/server-kit'

interface PendingRow {
  readonly request_id: string
  readonly from_user: string
  readonly username: string
  readonly handshake: Buffer | null
  readonly sender_public_keys: Record<string, string> | null
  readonly created_at: Date
  readonly expires_at: Date
}

export interface PendingOptions {
  readonly userId: string
  /** Only this one. */
  readonly requestId?: string
  readonly now: number
}

const maxShown = 200

/** Requests that wait for an answer of a user, oldest first, as answers show them; none that has expired or is blocked. */
export const pendingRequests = async (database: Database, { userId, requestId, now }: PendingOptions) => {
  const rows = await database.query<PendingRow>(
    `SELECT r.request_id, r.from_user, a.username, r.handshake, r.sender_public_keys, r.created_at, r.expires_at
     FROM message.connection_request r
     JOIN message.account a ON a.user_id = r.from_user AND a.state = 'active'
     JOIN message.connection c
       ON c.user_low = least(r.from_user, r.to_user) AND c.user_high = greatest(r.from_user, r.to_user)
     WHERE r.to_user = $1 AND r.state = 'pending' AND r.expires_at > $2 AND ($3::uuid IS NULL OR r.request_id = $3)
       AND NOT c.blocked_by_low AND NOT c.blocked_by_high
     ORDER BY r.created_at, r.request_id LIMIT ${maxShown}`,
    [userId, new Date(now), requestId ?? null],
  )
  return rows.map(row => ({
    request_id: row.request_id,
    sender_id: row.from_user,
    sender_username: row.username,
    handshake: row.handshake && encodeBase64(row.handshake),
    sender_public_keys: row.sender_public_keys,
    created_at: row.created_at.toISOString(),
    expires_at: row.expires_at.toISOString(),
  }))
}
