import { sendMessage as contract, decodeBase64 } from '@qsm/contract'
import { route } from '@qsm/server-kit'
import type { MessageParts } from '../parts.js'
import { requireThin } from '../thin/require-thin.js'

export const sendMessage = ({ devices, send, thin }: MessageParts) =>
  route(contract)(async ({ caller, accessToken, body }) => {
    if (!('envelopes' in body)) {
      await requireThin(thin, caller.sessionId)
      return { status: 201, body: await thin.send({ ...caller, accessToken }, body) }
    }
    const sender = await devices.requireBound(caller.sessionId)
    const { devices: stored } = await send({
      sender,
      messageId: body.client_message_id,
      envelopes: body.envelopes.map(decodeBase64),
      body: body.body === undefined ? null : decodeBase64(body.body),
    })
    return { status: 201, body: { message_id: body.client_message_id, devices: [...stored] } }
  })
