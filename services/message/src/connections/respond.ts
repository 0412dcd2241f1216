import { type Database, QsmError, type Query } from '@qsm/server-kit'
import { type Connection, lockPair, openPair, refuseBlocked, setState } from './pair.js'

/** A request as its receiver may answer it. */
export interface AnswerableRequest {
  readonly request_id: string
  readonly from_user: string
  /** The signed Request; null for one that no device has made. */
  readonly handshake: Buffer | null
}

interface RequestRow extends AnswerableRequest {
  readonly state: 'pending' | 'accepted' | 'rejected'
  readonly expires_at: Date
}

const find = async (
  query: Query,
  requestId: string,
  toUserId: string,
  now: number,
  lock: '' | 'FOR UPDATE',
): Promise<RequestRow> => {
  const [row] = await query<RequestRow>(
    `SELECT request_id, from_user, handshake, state, expires_at FROM message.connection_request
     WHERE request_id = $1 AND to_user = $2 ${lock}`,
    [requestId, toUserId],
  )
  if (row && row.state !== 'pending') throw new QsmError('already_answered')
  if (!row || row.expires_at.getTime() <= now) {
    throw new QsmError('not_found', 'There is no such request, or it has expired.')
  }
  return row
}

/** The request that a user wants to answer. Throws `not_found` or `already_answered`. */
export const findRequest = (
  database: Database,
  requestId: string,
  toUserId: string,
  now: number,
): Promise<AnswerableRequest> => find(database.query, requestId, toUserId, now, '')

export interface Answer {
  readonly requestId: string
  readonly userId: string
  readonly peerId: string
  /** The verified Response and the device that made it; null rejects. */
  readonly accepted: { readonly response: Uint8Array; readonly deviceId: number } | null
  readonly now: number
}

/** A rejection closes what the asker has begun, unless another request of the two still waits. */
const reject = async (query: Query, answer: Answer, connection: Connection): Promise<void> => {
  const { userId, peerId, now } = answer
  const isBegun = connection.state === 'requested' || connection.state === 'started'
  if (!isBegun || (connection.state === 'started' && connection.initiator === userId)) return
  const [waiting] = await query(
    `SELECT 1 FROM message.connection_request
     WHERE from_user IN ($1, $2) AND to_user IN ($1, $2) AND state = 'pending' AND expires_at > $3 LIMIT 1`,
    [userId, peerId, new Date(now)],
  )
  if (!waiting) await setState(query, userId, peerId, 'rejected', peerId, answer.requestId)
}

/** Stores the answer to a request. The first counts: throws `already_answered` for another, also `blocked`, `not_found`. */
export const storeAnswer = (database: Database, answer: Answer): Promise<void> =>
  database.transaction(async query => {
    const { requestId, userId, peerId, accepted, now } = answer
    const connection = await lockPair(query, userId, peerId)
    refuseBlocked(connection)
    await find(query, requestId, userId, now, 'FOR UPDATE')
    await query(
      `UPDATE message.connection_request SET state = $2, response = $3, answered_by_device = $4, answered_at = $5
       WHERE request_id = $1`,
      [
        requestId,
        accepted ? 'accepted' : 'rejected',
        accepted && Buffer.from(accepted.response),
        accepted?.deviceId ?? null,
        new Date(now),
      ],
    )
    if (accepted) await openPair(query, userId, peerId, peerId, requestId)
    else await reject(query, answer, connection)
  })
