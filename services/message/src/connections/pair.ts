import { QsmError, type Query } from '@qsm/server-kit'

export type ConnectionState = 'none' | 'requested' | 'started' | 'open' | 'rejected'

/** A connection as one of its two users sees it. */
export interface Connection {
  readonly state: ConnectionState
  /** Who has asked or started, null where nobody has. */
  readonly initiator: string | null
  /** The newest request between the two. */
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

/**
 * The row of two users, made where it is missing and locked until the transaction ends; both accounts are held against
 * deletion first. Throws `not_found` where one of them is not active.
 */
export const lockPair = async (query: Query, userId: string, peerId: string): Promise<Connection> => {
  const pair = orderedPair(userId, peerId)
  const active = await query(
    `SELECT 1 FROM message.account WHERE user_id IN ($1, $2) AND state = 'active' ORDER BY user_id FOR KEY SHARE`,
    pair,
  )
  if (active.length < 2) throw new QsmError('not_found', 'There is no such user any more.')
  await query(
    `INSERT INTO message.connection (user_low, user_high, state) VALUES ($1, $2, 'none') ON CONFLICT DO NOTHING`,
    pair,
  )
  const [row] = await query<ConnectionRow>(
    'SELECT * FROM message.connection WHERE user_low = $1 AND user_high = $2 FOR NO KEY UPDATE',
    pair,
  )
  if (!row) throw new QsmError('not_found', 'There is no such user any more.')
  return seenBy(row, userId)
}

/** Changes a connection whose row the caller has locked. */
export const setState = (
  query: Query,
  userId: string,
  peerId: string,
  state: ConnectionState,
  initiator: string | null,
  requestId: string | null,
) =>
  query(
    `UPDATE message.connection SET state = $3, initiator = $4, request_id = $5
     WHERE user_low = $1 AND user_high = $2`,
    [...orderedPair(userId, peerId), state, initiator, requestId],
  )

/** Opens a connection whose row the caller has locked. What the initiator has used of its 20 envelopes is forgotten. */
export const openPair = async (
  query: Query,
  userId: string,
  peerId: string,
  initiator: string | null,
  requestId: string | null,
): Promise<void> => {
  await setState(query, userId, peerId, 'open', initiator, requestId)
  await query('DELETE FROM message.started_use WHERE from_user IN ($1, $2) AND to_user IN ($1, $2)', [userId, peerId])
}

/** Throws `blocked`, saying which side has blocked. */
export const refuseBlocked = (connection: Connection): void => {
  if (connection.blockedByMe) throw new QsmError('blocked', 'You have blocked this user: lift the block first.')
  if (connection.blockedByPeer) throw new QsmError('blocked')
}
