import type { Request } from '@qsm/protocol'
import { type Database, idFromBytes, QsmError, type Query } from '@qsm/server-kit'
import { type Connection, lockPair, refuseBlocked, setState } from './pair.js'

export interface NewRequest {
  readonly request: Request
  readonly fromUserId: string
  readonly toUserId: string
  /** Public keys that were given beside it; handed on unread. */
  readonly publicKeys: object | null
  readonly now: number
}

/** As many requests of one user may wait for the answer of another. */
const maxPendingPerPair = 10

/** Whether the same request was stored before. Throws `conflict` for another one under its id. */
const isKnown = async (query: Query, requestId: string, { request, fromUserId }: NewRequest): Promise<boolean> => {
  const [known] = await query<{ handshake: Buffer | null; from_user: string }>(
    'SELECT handshake, from_user FROM message.connection_request WHERE request_id = $1',
    [requestId],
  )
  if (!known) return false
  if (known.from_user === fromUserId && known.handshake?.equals(request.bytes)) return true
  const text = 'handshake: its reqId was used before: draw a new one.'
  throw new QsmError('conflict', text, { details: { field: 'handshake' } })
}

const checkPending = async (query: Query, { fromUserId, toUserId, now }: NewRequest): Promise<void> => {
  const [row] = await query<{ count: number }>(
    `SELECT count(*)::int AS count FROM message.connection_request
     WHERE from_user = $1 AND to_user = $2 AND state = 'pending' AND expires_at > $3`,
    [fromUserId, toUserId, new Date(now)],
  )
  if ((row?.count ?? 0) < maxPendingPerPair) return
  const text = `${maxPendingPerPair} requests to this user wait for an answer: wait for one, or until they expire.`
  throw new QsmError('conflict', text)
}

const insert = async (query: Query, requestId: string, asked: NewRequest): Promise<void> => {
  const { request, fromUserId, toUserId, publicKeys, now } = asked
  await query(
    `INSERT INTO message.connection_request
       (request_id, from_user, from_device, to_user, handshake, sender_public_keys, created_at, expires_at, state)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 'pending')`,
    [
      requestId,
      fromUserId,
      request.fromDevice,
      toUserId,
      Buffer.from(request.bytes),
      publicKeys && JSON.stringify(publicKeys),
      new Date(now),
      new Date(request.expiresAt),
    ],
  )
}

const isWaiting = ({ state }: Connection): boolean => state === 'none' || state === 'requested' || state === 'rejected'

/**
 * Stores a verified request for the receiver to answer. The same one again changes nothing. One that crosses another is
 * stored beside it; the first that is accepted opens the connection. Returns whether it was new. Throws `blocked`,
 * `conflict` or `not_found`.
 */
export const storeRequest = (database: Database, asked: NewRequest): Promise<boolean> =>
  database.transaction(async query => {
    const { fromUserId, toUserId } = asked
    const requestId = idFromBytes(asked.request.requestId)
    const connection = await lockPair(query, fromUserId, toUserId)
    refuseBlocked(connection)
    if (await isKnown(query, requestId, asked)) return false
    await checkPending(query, asked)
    await insert(query, requestId, asked)
    if (isWaiting(connection)) await setState(query, fromUserId, toUserId, 'requested', fromUserId, requestId)
    return true
  })
