import { type makeRequest as contract, decodeBase64, encodeBase64, type InputOf, type OutputOf } from '@qsm/contract'
import {
  completeRequest,
  decodeRequest,
  decodeRequestSecrets,
  decodeResponse,
  encodeRequestSecrets,
  makeRequest as make,
  ProtocolError,
  type RequestSecrets,
  type Response,
  wipe,
  wipeRequest,
} from '@qsm/protocol'
import { idFromBytes, idToBytes, newId, QsmError } from '@qsm/server-kit'
import type { DeviceScope } from './device/device-scope.js'

const maxWaiting = 100

const placeOf = (requestId: string) => ['request', requestId] as const

const forget = (scope: DeviceScope, requestId: string) =>
  scope.query('DELETE FROM crypto.request WHERE user_id = $1 AND request_id = $2', [scope.userId, requestId])

/** Erases own requests that nobody answered in time. */
const eraseExpired = (scope: DeviceScope) =>
  scope.query('DELETE FROM crypto.request WHERE user_id = $1 AND expires_at <= $2', [scope.userId, scope.now])

/** A Request for a connection; its private keys are stored before it leaves. */
export const makeRequest = async (
  scope: DeviceScope,
  { to_user_id }: InputOf<typeof contract>,
): Promise<OutputOf<typeof contract>> => {
  const field = 'to_user_id'
  if (to_user_id === scope.userId) {
    throw new QsmError('validation_failed', `${field}: the caller needs no connection to itself`, {
      details: { field },
    })
  }
  await eraseExpired(scope)
  const [waiting] = await scope.query<{ count: number }>(
    'SELECT count(*)::int AS count FROM crypto.request WHERE user_id = $1',
    [scope.userId],
  )
  if ((waiting?.count ?? 0) >= maxWaiting) {
    throw new QsmError('conflict', `${maxWaiting} requests wait for an answer already: wait for some of them.`)
  }
  const requestId = newId()
  const secrets = await make(scope.algorithms, scope.local, scope.record, {
    requestId: idToBytes(requestId),
    toUser: idToBytes(to_user_id),
  })
  const bytes = encodeRequestSecrets(secrets)
  wipeRequest(secrets)
  const { expiresAt } = decodeRequest(secrets.bytes)
  const sealed = scope.dataKey.seal(placeOf(requestId), bytes)
  wipe(bytes)
  await scope.query(
    'INSERT INTO crypto.request (user_id, request_id, to_user, expires_at, secrets) VALUES ($1, $2, $3, $4, $5)',
    [scope.userId, requestId, to_user_id, expiresAt, sealed],
  )
  return {
    request_id: requestId,
    handshake: encodeBase64(secrets.bytes),
    expires_at: new Date(expiresAt).toISOString(),
  }
}

const readSecrets = async (scope: DeviceScope, requestId: string): Promise<RequestSecrets | null> => {
  const [row] = await scope.query<{ secrets: Buffer }>(
    'SELECT secrets FROM crypto.request WHERE user_id = $1 AND request_id = $2 AND expires_at > $3',
    [scope.userId, requestId, scope.now],
  )
  if (!row) return null
  const bytes = scope.dataKey.open(placeOf(requestId), row.secrets)
  try {
    return decodeRequestSecrets(bytes)
  } finally {
    wipe(bytes)
  }
}

/** Mode B, the side that asked: begins the session and erases the request's keys. False where the answer is not to be taken. */
const takeResponse = async (scope: DeviceScope, bytes: Uint8Array): Promise<void> => {
  let response: Response
  try {
    response = decodeResponse(bytes)
  } catch (error) {
    if (error instanceof ProtocolError) return // No response of QSM/1: there is nothing that it could answer.
    throw error
  }
  const requestId = idFromBytes(response.requestId)
  const secrets = await readSecrets(scope, requestId)
  if (!secrets) return // Taken before, or too late.
  try {
    const before = await scope.peers.get({ userId: idFromBytes(response.fromUser), deviceId: response.fromDevice })
    const { peer } = await completeRequest(scope.algorithms, secrets, before, bytes)
    scope.peers.put(peer)
    await forget(scope, requestId)
  } catch (error) {
    // Its maker signed what does not hold: the request goes on waiting, and nobody else is held up.
    if (!(error instanceof ProtocolError) || error.code === 'usage') throw error
  } finally {
    wipeRequest(secrets)
  }
}

/** Takes the answers to own requests among these; what belongs to no request that waits is passed over. */
export const takeResponses = async (scope: DeviceScope, responses: readonly string[]): Promise<void> => {
  for (const response of responses) await takeResponse(scope, decodeBase64(response))
}

/** Whether a request to this user waits for its answer. */
export const isWaitingFor = (scope: DeviceScope, userId: string): Promise<boolean> =>
  scope.tables.isWaitingFor(userId, scope.now)
