import { getStats as contract } from '@qsm/contract'
import { route } from '@qsm/server-kit'
import type { MessageParts } from '../app.js'

interface Counts {
  readonly devices: number
  readonly connections: number
  readonly pending_requests: number
  readonly messages_sent: number
  readonly messages_waiting: number
}

export const getStats = ({ context }: MessageParts) =>
  route(contract)(async ({ caller }) => {
    const [counts] = await context.database.query<Counts>(
      `SELECT
         (SELECT count(*)::int FROM message.device WHERE user_id = $1 AND removed_at IS NULL) AS devices,
         (SELECT count(*)::int FROM message.connection WHERE (user_low = $1 OR user_high = $1) AND state = 'open') AS connections,
         (SELECT count(*)::int FROM message.connection_request WHERE to_user = $1 AND state = 'pending' AND expires_at > $2) AS pending_requests,
         (SELECT count(*)::int FROM message.sent WHERE sender_user = $1) AS messages_sent,
         (SELECT count(*)::int FROM message.entry WHERE user_id = $1) AS messages_waiting`,
      [caller.userId, new Date(context.clock.now())],
    )
    const none = { devices: 0, connections: 0, pending_requests: 0, messages_sent: 0, messages_waiting: 0 }
    return { status: 200, body: counts ?? none }
  })
