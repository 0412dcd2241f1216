import { encodeBase64 } from '@qsm/contract'
import type { MessageContext } from '../context.js'
import { type ConnectionRow, seenBy, shownState } from './pair.js'

const responseLifeMs = 14 * 86_400_000

interface PendingRow {
  readonly request_id: string
  readonly from_user: string
  readonly username: string
  readonly handshake: Buffer | null
  readonly sender_public_keys: Record<string, string> | null
  readonly created_at: Date
  readonly expires_at: Date
}

const presentPending = (row: PendingRow) => ({
  request_id: row.request_id,
  sender_id: row.from_user,
  sender_username: row.username,
  handshake: row.handshake ? encodeBase64(row.handshake) : null,
  sender_public_keys: row.sender_public_keys,
  created_at: row.created_at.toISOString(),
  expires_at: row.expires_at.toISOString(),
})

/** Requests that wait for an answer of a user, oldest first; expired ones and those of blocked users are not shown. */
export const pendingRequests = async (context: MessageContext, userId: string, requestId?: string) => {
  const rows = await context.database.query<PendingRow>(
    `SELECT r.request_id, r.from_user, a.username, r.handshake, r.sender_public_keys, r.created_at, r.expires_at
     FROM message.connection_request r
     JOIN message.account a ON a.user_id = r.from_user AND a.state = 'active'
     JOIN message.connection c ON c.user_low = least(r.from_user, r.to_user) AND c.user_high = greatest(r.from_user, r.to_user)
     WHERE r.to_user = $1 AND r.state = 'pending' AND r.expires_at > $2 AND ($3::uuid IS NULL OR r.request_id = $3)
       AND NOT c.blocked_by_low AND NOT c.blocked_by_high
     ORDER BY r.created_at LIMIT 200`,
    [userId, new Date(context.clock.now()), requestId ?? null],
  )
  return rows.map(presentPending)
}

interface ListedRow extends ConnectionRow {
  readonly username: string
  readonly peer_id: string
  readonly response: Buffer | null
}

/** The connections of a user as answers show them; the Response goes to the device that asked, for 14 days. */
export const listConnections = async (context: MessageContext, userId: string, deviceId: number | null, requestId?: string) => {
  const rows = await context.database.query<ListedRow>(
    `SELECT c.*, a.username, a.user_id AS peer_id, r.response
     FROM message.connection c
     JOIN message.account a ON a.user_id = CASE WHEN c.user_low = $1 THEN c.user_high ELSE c.user_low END
     LEFT JOIN message.connection_request r
       ON r.request_id = c.request_id AND r.from_user = $1 AND r.from_device = $2 AND r.answered_at > $3
     WHERE (c.user_low = $1 OR c.user_high = $1) AND ($4::uuid IS NULL OR c.request_id = $4)
     ORDER BY a.username_key`,
    [userId, deviceId, new Date(context.clock.now() - responseLifeMs), requestId ?? null],
  )
  return rows.flatMap(row => {
    const state = shownState(seenBy(row, userId))
    if (!state) return []
    return [
      {
        peer_username: row.username,
        peer_user_id: row.peer_id,
        state,
        request_id: row.request_id,
        ...(row.response ? { handshake: encodeBase64(row.response) } : {}),
      },
    ]
  })
}
