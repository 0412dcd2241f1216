import {
  type abandonAnswer as abandonContract,
  type answerRequest as answerContract,
  decodeBase64,
  encodeBase64,
  type InputOf,
  limits,
  type OutputOf,
} from '@qsm/contract'
import {
  abandonSession,
  acceptDeviceRecord,
  answerRequest as answer,
  decodeDeviceRecord,
  decodeRequest,
  newPeer,
  type PeerState,
  ProtocolError,
  type Request,
  toHex,
} from '@qsm/protocol'
import { idFromBytes, QsmError } from '@qsm/server-kit'
import type { DeviceScope } from './device/device-scope.js'
import type { Address } from './parts.js'
import { judged } from './refuse-record.js'
import { openJson, sealJson } from './sealed-json.js'

interface KeptAnswer {
  /** Hex; of the request with its signature. */
  readonly requestSha256: string
  /** Hex. */
  readonly sid: string
  readonly response: string
}

interface StoredAnswer extends Address {
  readonly answer: KeptAnswer
}

const placeOf = (requestId: string, { userId, deviceId }: Address) => ['answer', requestId, userId, deviceId] as const

const readAnswer = async (scope: DeviceScope, requestId: string): Promise<StoredAnswer | null> => {
  const [row] = await scope.query<{ peer_user: string; peer_device: string; sealed: Buffer }>(
    'SELECT peer_user, peer_device, sealed FROM crypto.answer WHERE user_id = $1 AND request_id = $2',
    [scope.userId, requestId],
  )
  if (!row) return null
  const address = { userId: row.peer_user, deviceId: Number(row.peer_device) }
  return { ...address, answer: openJson<KeptAnswer>(scope.dataKey, placeOf(requestId, address), row.sealed) }
}

/** The state of the device that asks: as it is known, else pinned to the record that the message service lists. */
const readAsking = async (scope: DeviceScope, request: Request, listedText: string): Promise<PeerState> => {
  const { fromUser: user, fromDevice: device } = request
  const known = await scope.peers.get({ userId: idFromBytes(user), deviceId: device })
  return judged('from_record', async () => {
    const listed = decodeDeviceRecord(decodeBase64(listedText))
    await acceptDeviceRecord(scope.algorithms, listed, { user, device, ...(known ? { pinned: known.record } : {}) })
    return known ?? newPeer(listed)
  })
}

const answerFirst = async (
  scope: DeviceScope,
  requestId: string,
  request: Request,
  fromRecord: string,
): Promise<KeptAnswer> => {
  const asking = await readAsking(scope, request, fromRecord)
  const { peer, response, sid } = await judged('request', () =>
    answer(scope.algorithms, scope.local, scope.record, asking, request.bytes).catch((error: unknown) => {
      if (error instanceof ProtocolError && error.reason === 'answered') throw new QsmError('already_answered')
      throw error
    }),
  )
  scope.peers.put(peer)
  const made: KeptAnswer = {
    requestSha256: toHex(await scope.algorithms.classical.sha256(request.bytes)),
    sid: toHex(sid),
    response: encodeBase64(response),
  }
  const address = { userId: idFromBytes(request.fromUser), deviceId: request.fromDevice }
  await scope.query(
    `INSERT INTO crypto.answer (user_id, request_id, peer_user, peer_device, sealed, expires_at)
     VALUES ($1, $2, $3, $4, $5, $6)`,
    [
      scope.userId,
      requestId,
      address.userId,
      address.deviceId,
      sealJson(scope.dataKey, placeOf(requestId, address), made),
      scope.now + limits.requestLifeMs,
    ],
  )
  return made
}

/**
 * The Response to a Request, and the session that it begins. The same Request again gives the same Response; other bytes
 * under its id are refused with `already_answered`.
 */
export const answerRequest = async (
  scope: DeviceScope,
  input: InputOf<typeof answerContract>,
): Promise<OutputOf<typeof answerContract>> => {
  const request = await judged('request', () => decodeRequest(decodeBase64(input.request)))
  const requestId = idFromBytes(request.requestId)
  const kept = await readAnswer(scope, requestId)
  const isSame = kept?.answer.requestSha256 === toHex(await scope.algorithms.classical.sha256(request.bytes))
  if (kept && !isSame) throw new QsmError('already_answered')
  const { response, sid } = kept?.answer ?? (await answerFirst(scope, requestId, request, input.from_record))
  return { response, session_id: sid }
}

/** The server took another answer, or none: the session that this one has begun goes. */
export const abandonAnswer = async (
  scope: DeviceScope,
  { request_id }: InputOf<typeof abandonContract>,
): Promise<OutputOf<typeof abandonContract>> => {
  const kept = await readAnswer(scope, request_id)
  if (!kept) return {}
  const peer = await scope.peers.get(kept)
  if (peer) scope.peers.put(abandonSession(peer, new Uint8Array(Buffer.from(kept.answer.sid, 'hex'))))
  await scope.query('DELETE FROM crypto.answer WHERE user_id = $1 AND request_id = $2', [scope.userId, request_id])
  return {}
}
