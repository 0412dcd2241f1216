import { sendMessage as contract, decodeBase64 } from '@qsm/contract'
import { QsmError, route } from '@qsm/server-kit'
import type { MessageParts } from '../parts.js'

export const sendMessage = ({ devices, send }: MessageParts) =>
  route(contract)(async ({ caller, body }) => {
    if (!('envelopes' in body)) {
      throw new QsmError(
        'not_implemented',
        'Sending readable text needs a managed device, which is not in this version yet. Send sealed envelopes.',
      )
    }
    const sender = await devices.requireBound(caller.sessionId)
    const stored = await send({
      sender,
      messageId: body.client_message_id,
      envelopes: body.envelopes.map(decodeBase64),
      body: body.body === undefined ? null : decodeBase64(body.body),
    })
    return { status: 201, body: { message_id: body.client_message_id, devices: [...stored] } }
  })
