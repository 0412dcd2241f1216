import { respondToConnection as contract, decodeBase64 } from '@qsm/contract'
import { type Caller, QsmError, route } from '@qsm/server-kit'
import { announceConnection } from '../connections/announce.js'
import { judgeResponse } from '../connections/judge-handshake.js'
import { type Answer, type AnswerableRequest, findRequest, storeAnswer } from '../connections/respond.js'
import type { MessageParts } from '../parts.js'

/** The Response that accepts a request, verified. */
const judge = async (
  { context, devices }: MessageParts,
  caller: Caller,
  request: AnswerableRequest,
  handshake: string | undefined,
): Promise<Answer['accepted']> => {
  if (request.handshake === null) {
    const text = 'A request without handshake is answered by a managed device, which is not in this version yet.'
    throw new QsmError('not_implemented', text)
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
  const { context, accounts } = parts
  const perUser = context.rateLimits({ name: 'connection-answer', points: 120, perSeconds: 60 })
  return route(contract)(async ({ caller, body }) => {
    await perUser.take(caller.userId)
    const now = context.clock.now()
    const request = await findRequest(context.database, body.request_id, caller.userId, now)
    const accepted = body.accept ? await judge(parts, caller, request, body.handshake) : null
    const peer = await accounts.byId(request.from_user)
    if (!peer) throw new QsmError('not_found', 'Whoever asked is no longer here.')
    await storeAnswer(context.database, {
      requestId: request.request_id,
      userId: caller.userId,
      peerId: peer.userId,
      accepted,
      now,
    })
    announceConnection(context.bus, caller.userId, peer.userId, request.request_id)
    return { status: 200, body: { status: accepted ? 'accepted' : 'rejected', peer_username: peer.username } }
  })
}
