import { decodeBase64, requestConnection as contract } from '@qsm/contract'
import { QsmError, route } from '@qsm/server-kit'
import type { MessageParts } from '../app.js'
import { askForConnection } from '../connections/request.js'

export const requestConnection = ({ context, accounts, devices }: MessageParts) => {
  const perUser = context.rateLimits({ name: 'connection-request', points: 60, perSeconds: 600 })
  return route(contract)(async ({ caller, body }) => {
    const receiver = await accounts.byName(body.receiver_username)
    if (!receiver) throw new QsmError('not_found', 'There is no user of this name.', { details: { field: 'receiver_username' } })
    if (receiver.userId === caller.userId) {
      throw new QsmError('bad_request', 'receiver_username: this is you.', { details: { field: 'receiver_username' } })
    }
    if (body.handshake === undefined) {
      throw new QsmError('not_implemented', 'A request without handshake needs a managed device, which is not in this version yet.')
    }
    await perUser.take(caller.userId)
    const handshake = decodeBase64(body.handshake)
    const asked = await askForConnection(context, devices, caller, receiver, handshake, body.sender_public_keys ?? null)
    return {
      status: 201,
      body: { request_id: asked.requestId, status: 'sent', receiver: receiver.username, expires_at: asked.expiresAt.toISOString() },
    }
  })
}
