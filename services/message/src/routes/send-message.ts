import { sendMessage as contract, decodeBase64 } from '@qsm/contract'
import { route } from '@qsm/server-kit'
import type { MessageParts } from '../parts.js'
import { traceSend } from '../send/trace-send.js'
import { requireThin } from '../thin/require-thin.js'

export const sendMessage = ({ context, devices, send, thin }: MessageParts) =>
  route(contract)(request =>
    traceSend(context.tracing, { route: contract.path, traceparent: request.traceparent }, async traceparent => {
      const { caller, accessToken, body } = request
      if (!('envelopes' in body)) {
        await requireThin(thin, caller.sessionId)
        return { status: 201, body: await thin.send({ ...caller, accessToken, traceparent }, body) }
      }
      const sender = await devices.requireBound(caller.sessionId)
      const { devices: stored } = await send({
        sender,
        messageId: body.client_message_id,
        envelopes: body.envelopes.map(decodeBase64),
        body: body.body === undefined ? null : decodeBase64(body.body),
        traceparent,
      })
      return { status: 201, body: { message_id: body.client_message_id, devices: [...stored] } }
    }),
  )
