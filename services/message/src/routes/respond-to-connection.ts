import { decodeBase64, respondToConnection as contract } from '@qsm/contract'
import { route } from '@qsm/server-kit'
import type { MessageParts } from '../app.js'
import { answerRequest } from '../connections/respond.js'

export const respondToConnection = ({ context, accounts, devices }: MessageParts) =>
  route(contract)(async ({ caller, body }) => {
    const peerId = await answerRequest(context, devices, caller, {
      requestId: body.request_id,
      accept: body.accept,
      handshake: body.handshake === undefined ? null : decodeBase64(body.handshake),
    })
    const peer = await accounts.byId(peerId)
    return { status: 200, body: { status: body.accept ? 'accepted' : 'rejected', peer_username: peer?.username ?? '' } }
  })
