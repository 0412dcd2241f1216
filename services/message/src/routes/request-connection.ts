import { requestConnection as contract, decodeBase64 } from '@qsm/contract'
import { idFromBytes, QsmError, route } from '@qsm/server-kit'
import { announceConnection } from '../connections/announce.js'
import { judgeRequest } from '../connections/judge-handshake.js'
import { storeRequest } from '../connections/request.js'
import type { MessageParts } from '../parts.js'

const field = 'receiver_username'

export const requestConnection = ({ context, accounts, devices }: MessageParts) => {
  const perUser = context.rateLimits({ name: 'connection-request', points: 60, perSeconds: 600 })
  return route(contract)(async ({ caller, body }) => {
    const receiver = await accounts.byName(body.receiver_username)
    if (!receiver) throw new QsmError('not_found', 'There is no user of this name.', { details: { field } })
    if (receiver.userId === caller.userId) {
      throw new QsmError('bad_request', `${field}: this is you. Name another user.`, { details: { field } })
    }
    if (body.handshake === undefined) {
      const text = 'A request without handshake needs a managed device, which is not in this version yet.'
      throw new QsmError('not_implemented', text)
    }
    await perUser.take(caller.userId)
    const sender = await devices.requireSender(caller.sessionId)
    const request = await judgeRequest(context.verifier, sender, receiver.userId, decodeBase64(body.handshake))
    const requestId = idFromBytes(request.requestId)
    const isNew = await storeRequest(context.database, {
      request,
      fromUserId: caller.userId,
      toUserId: receiver.userId,
      publicKeys: body.sender_public_keys ?? null,
      now: context.clock.now(),
    })
    if (isNew) announceConnection(context.bus, caller.userId, receiver.userId, requestId)
    return {
      status: 201,
      body: {
        request_id: requestId,
        status: 'sent',
        receiver: receiver.username,
        expires_at: new Date(request.expiresAt).toISOString(),
      },
    }
  })
}
