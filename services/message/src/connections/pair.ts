import { QsmError, type Query } from '@qsm/server-kit'

export type ConnectionState = 'none' | 'requested' | 'started' | 'open' | 'rejected'

/** A connection as one of its two users sees it. */
export interface Connection {
  readonly state: ConnectionState
  readonly initiator: string | null
  readonly requestId: string | null
  readonly blockedByMe: boolean
  readonly blockedByPeer: boolean
}

export interface ConnectionRow {
  readonly user_low: string
  readonly user_high: string
  readonly state: ConnectionState
  readonly initiator: string | null
  readonly request_id: string | null
  readonly blocked_by_low: boolean
  readonly blocked_by_high: boolean
}

/** Two users in the order in which their row stores them. */
export const orderedPair = (one: string, other: string): readonly [low: string, high: string] =>
  one < other ? [one, other] : [other, one]

export const seenBy = (row: ConnectionRow, userId: string): Connection => {
  const isLow = row.user_low === userId
  return {
    state: row.state,
    initiator: row.initiator,
    requestId: row.request_id,
    blockedByMe: isLow ? row.blocked_by_low : row.blocked_by_high,
    blockedByPeer: isLow ? row.blocked_by_high : row.blocked_by_low,
  }
}

/** The row of two users, made where it is missing and locked until the transaction ends. */
export const lockPair = async (query: Query, userId: string, peerId: string): Promise<Connection> => {
  const pair = orderedPair(userId, peerId)
  await query(`INSERT INTO message.connection (user_low, user_high, state) VALUES ($1, $2, 'none') ON CONFLICT DO NOTHING`, pair)
  const [row] = await query<ConnectionRow>('SELECT * FROM message.connection WHERE user_low = $1 AND user_high = $2 FOR UPDATE', pair)
  if (!row) throw new QsmError('not_found')
  return seenBy(row, userId)
}

export const setState = (
  query: Query,
  userId: string,
  peerId: string,
  state: ConnectionState,
  initiator: string | null,
  requestId: string | null,
) =>
  query('UPDATE message.connection SET state = $3, initiator = $4, request_id = $5 WHERE user_low = $1 AND user_high = $2', [
    ...orderedPair(userId, peerId),
    state,
    initiator,
    requestId,
  ])

/** What a user is shown: a block of either side hides everything else from the one who is blocked, too. */
export const shownState = (connection: Connection): 'requested' | 'started' | 'open' | 'rejected' | 'blocked' | null => {
  if (connection.blockedByMe) return 'blocked'
  return connection.state === 'none' ? null : connection.state
}
