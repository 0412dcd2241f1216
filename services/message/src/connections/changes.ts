import { type HintOf, limits } from '@qsm/contract'
import type { Database } from '@qsm/server-kit'

/** A change of a connection of which somebody was to be told. */
export interface ConnectionChange {
  readonly hint: Omit<HintOf<'connection'>, 'kind'>
  /** Milliseconds since 1970. */
  readonly at: number
}

interface ChangedRow {
  readonly request_id: string
  readonly from_user: string
  readonly to_user: string
  readonly at: Date
  readonly is_answered: boolean
}

/**
 * Requests and answers since then (milliseconds since 1970), of all users: those whom a request waits for, and those whose
 * request was answered. A request lives for a fixed time, so that its end, which has an index, tells its beginning.
 */
export const connectionChanges = async (database: Database, since: number): Promise<readonly ConnectionChange[]> => {
  const rows = await database.query<ChangedRow>(
    `SELECT request_id, from_user, to_user, created_at AS at, false AS is_answered FROM message.connection_request
     WHERE expires_at > $1 AND state = 'pending'
     UNION ALL
     SELECT request_id, from_user, to_user, answered_at AS at, true AS is_answered FROM message.connection_request
     WHERE answered_at > $2`,
    [new Date(since + limits.requestLifeMs), new Date(since)],
  )
  return rows.map(({ request_id, from_user, to_user, at, is_answered: isAnswered }) => ({
    hint: {
      user_id: isAnswered ? from_user : to_user,
      peer_id: isAnswered ? to_user : from_user,
      request_id,
    },
    at: at.getTime(),
  }))
}
