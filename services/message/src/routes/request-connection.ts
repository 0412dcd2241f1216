import { requestConnection as contract, decodeBase64 } from '@qsm/contract'
import { type Caller, idFromBytes, QsmError, route } from '@qsm/server-kit'
import type { KnownUser } from '../accounts/accounts.js'
import { announceConnection } from '../connections/announce.js'
import { judgeRequest } from '../connections/judge-handshake.js'
import { storeRequest } from '../connections/request.js'
import type { MessageParts } from '../parts.js'
import { otherUser } from '../thin/recipient.js'

interface Asked {
  readonly requestId: string
  readonly expiresAt: number
  readonly isNew: boolean
}

/** The Request of an end-to-end device, verified and stored. */
const askByDevice = async (
  { context, devices }: MessageParts,
  caller: Caller,
  receiver: KnownUser,
  { handshake, publicKeys }: { readonly handshake: string; readonly publicKeys: object | null },
): Promise<Asked> => {
  const sender = await devices.requireSender(caller.sessionId)
  const request = await judgeRequest(context.verifier, sender, receiver.userId, decodeBase64(handshake))
  const isNew = await storeRequest(context.database, {
    request,
    fromUserId: caller.userId,
    toUserId: receiver.userId,
    publicKeys,
    now: context.clock.now(),
  })
  return { requestId: idFromBytes(request.requestId), expiresAt: request.expiresAt, isNew }
}

export const requestConnection = (parts: MessageParts) => {
  const { context, accounts, thin } = parts
  const perUser = context.rateLimits({ name: 'connection-request', points: 60, perSeconds: 600 })
  return route(contract)(async ({ caller, accessToken, body }) => {
    const receiver = await otherUser(accounts, caller.userId, body.receiver_username, 'receiver_username')
    await perUser.take(caller.userId)
    const { handshake, sender_public_keys: publicKeys = null } = body
    if (handshake === undefined && !(await thin.isThin(caller.sessionId))) {
      const text = 'handshake: is missing; an end-to-end device makes the Request itself.'
      throw new QsmError('validation_failed', text, { details: { field: 'handshake' } })
    }
    const { requestId, expiresAt, isNew } =
      handshake === undefined
        ? { ...(await thin.request({ ...caller, accessToken }, receiver, publicKeys)), isNew: true }
        : await askByDevice(parts, caller, receiver, { handshake, publicKeys })
    if (isNew) announceConnection(context.bus, caller.userId, receiver.userId, requestId)
    return {
      status: 201,
      body: {
        request_id: requestId,
        status: 'sent',
        receiver: receiver.username,
        expires_at: new Date(expiresAt).toISOString(),
      },
    }
  })
}
