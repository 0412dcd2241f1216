import type { StoredMessage } from '../../tests/history/check-stored.js'
import type { Replicas } from '../../tests/support/replicas.js'

interface SentRow {
  readonly message_id: string
  readonly committed_at: number
  readonly answer: readonly (readonly [userId: string, deviceId: number, sequence: number])[]
}

/**
 * What the database says was stored since then (milliseconds since 1970), in the order in which it was committed. Needs
 * `track_commit_timestamp`.
 */
export const readStored = async (database: Pick<Replicas, 'sql'>, since: number): Promise<readonly StoredMessage[]> => {
  const rows = await database.sql<SentRow>(
    `SELECT message_id, answer, 1000 * extract(epoch FROM pg_xact_commit_timestamp(xmin))::float8 AS committed_at
     FROM message.sent WHERE received_at >= ${Math.floor(since)} ORDER BY committed_at`,
  )
  return rows.map(({ message_id: messageId, committed_at: committedAt, answer }) => ({
    messageId,
    committedAt,
    places: answer.map(([userId, deviceId, sequence]) => ({ mailbox: `${userId}/${deviceId}`, sequence })),
  }))
}
