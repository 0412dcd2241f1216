import type { Query } from '@qsm/server-kit'

export interface OwnCounts {
  readonly devices: number
  /** Open ones. */
  readonly connections: number
  /** Requests of others that wait for an answer. */
  readonly pending_requests: number
  /** Sends within the replay memory. */
  readonly messages_sent: number
  /** Unacknowledged, over all devices, without the notes of a managed device to itself. */
  readonly messages_waiting: number
}

/** What the server counts of one user. */
export const ownCounts = async (query: Query, userId: string, now: number): Promise<OwnCounts> => {
  const [counts] = await query<OwnCounts>(
    `SELECT
       (SELECT count(*)::int FROM message.device
         WHERE user_id = $1 AND removed_at IS NULL AND (expires_at = 0 OR expires_at > $2)) AS devices,
       (SELECT count(*)::int FROM message.connection
         WHERE (user_low = $1 OR user_high = $1) AND state = 'open'
           AND NOT blocked_by_low AND NOT blocked_by_high) AS connections,
       (SELECT count(*)::int FROM message.connection_request r JOIN message.connection c
           ON c.user_low = least(r.from_user, r.to_user) AND c.user_high = greatest(r.from_user, r.to_user)
         WHERE r.to_user = $1 AND r.state = 'pending' AND r.expires_at > $3
           AND NOT c.blocked_by_low AND NOT c.blocked_by_high) AS pending_requests,
       (SELECT count(*)::int FROM message.sent WHERE sender_user = $1) AS messages_sent,
       (SELECT count(*)::int FROM message.entry
         WHERE user_id = $1 AND NOT (sender_user = user_id AND sender_device = device_id)) AS messages_waiting`,
    [userId, now, new Date(now)],
  )
  return counts as OwnCounts
}
