import { respondToConnection as contract, decodeBase64 } from '@qsm/contract'
import { type Caller, QsmError, route } from '@qsm/server-kit'
import { announceConnection } from '../connections/announce.js'
import { judgeResponse } from '../connections/judge-handshake.js'
import { type Answer, type AnswerableRequest, findRequest, storeAnswer } from '../connections/respond.js'
import type { MessageParts } from '../parts.js'

/** The Response by which an end-to-end device accepts a request, verified. */
const judge = async (
  { context, devices }: MessageParts,
  caller: Caller,
  request: AnswerableRequest,
  handshake: string | undefined,
): Promise<Answer['accepted']> => {
  if (request.handshake === null) {
    throw new QsmError('not_found', 'This request was made by no device: whoever asked has to ask again.')
  }
  const sender = await devices.requireSender(caller.sessionId)
  if (handshake === undefined) {
    const text = 'handshake: is missing; to accept takes the Response to this request.'
    throw new QsmError('validation_failed', text, { details: { field: 'handshake' } })
  }
  const response = decodeBase64(handshake)
  await judgeResponse(context.verifier, sender, new Uint8Array(request.handshake), response)
  return { response, deviceId: sender.deviceId }
}

export const respondToConnection = (parts: MessageParts) => {
  const { context, accounts, thin } = parts
  const perUser = context.rateLimits({ name: 'connection-answer', points: 120, perSeconds: 60 })
  return route(contract)(async ({ caller, accessToken, body }) => {
    await perUser.take(caller.userId)
    const now = context.clock.now()
    const request = await findRequest(context.database, body.request_id, caller.userId, now)
    const peer = await accounts.byId(request.from_user)
    if (!peer) throw new QsmError('not_found', 'Whoever asked is no longer here.')
    const { username: peer_username } = peer
    const announce = () => announceConnection(context.bus, caller.userId, peer.userId, request.request_id)
    if (body.accept && body.handshake === undefined && (await thin.isThin(caller.sessionId))) {
      const answer = await thin.accept({ ...caller, accessToken }, request)
      announce()
      return { status: 200, body: { status: 'accepted', peer_username, ...answer } }
    }
    const accepted = body.accept ? await judge(parts, caller, request, body.handshake) : null
    const { request_id: requestId } = request
    await storeAnswer(context.database, { requestId, userId: caller.userId, peerId: peer.userId, accepted, now })
    announce()
    return { status: 200, body: { status: accepted ? 'accepted' : 'rejected', peer_username } }
  })
}
