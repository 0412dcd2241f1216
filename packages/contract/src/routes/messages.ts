import * as z from 'zod'
import { addressedDevice } from '../error-body.js'
import { count, epoch, numberText, pageLimit, sequence, text, time, username, uuid, uuidV7 } from '../fields.js'
import { twoForms } from '../forms.js'
import { limits } from '../limits.js'
import { envelope, sealedBody } from '../records.js'
import { defineRoute } from '../route.js'

export const messageType = z.enum(['secured', 'critical']).meta({ id: 'MessageType' })

export const thinSend = z
  .strictObject({
    content: text(1, 65_536),
    message_type: messageType.default('secured'),
    recipient: username.optional().meta({ description: 'May be left out where there is exactly one open session.' }),
    client_message_id: uuid.optional(),
  })
  .meta({ id: 'ThinSend', description: 'Text of a thin client; its managed device seals it.' })

export const endToEndSend = z
  .strictObject({
    client_message_id: uuidV7.meta({ description: 'The msgId of every envelope.' }),
    envelopes: z
      .array(envelope)
      .min(1, 'at least 1 envelope')
      .max(limits.maxEnvelopesPerSend, `at most ${limits.maxEnvelopesPerSend} envelopes`),
    body: sealedBody.optional(),
  })
  .meta({ id: 'EndToEndSend', description: 'Envelopes that the client sealed and signed, one for each device.' })

/** The two forms are told apart by `envelopes`. */
const sendBody = twoForms('envelopes', endToEndSend, thinSend)

export const sentEndToEnd = z
  .object({
    message_id: uuidV7.meta({ description: 'The client_message_id.' }),
    devices: z.array(addressedDevice.extend({ sequence })),
  })
  .meta({ id: 'SentEndToEnd' })

export const sentThin = z
  .object({
    message_id: uuid,
    timestamp: time,
    status: z.literal('sent'),
    encrypted: z.boolean(),
    signed: z.boolean(),
    quantum_algorithm: z.string(),
    message_type: messageType,
  })
  .meta({ id: 'SentThin' })

const sentExample = {
  message_id: '01890a5d-ac96-774b-bcce-b302099a8057',
  devices: [{ user_id: '01890a5d-aeea-7c3e-8c1e-0d2f6b1a9c55', device_id: 305_419_896, sequence: 42 }],
}

export const sendMessage = defineRoute({
  operationId: 'sendMessage',
  service: 'message',
  method: 'post',
  path: '/api/message/send',
  summary: 'Send a message: text of a thin client, or sealed envelopes',
  description: 'Answered after the commit. The same id with the same body gives the first answer again.',
  auth: 'access',
  maxBodyBytes: limits.maxSendBodyBytes,
  body: sendBody,
  example: { content: 'Shall we meet at ten?', message_type: 'secured', recipient: 'bob' },
  responses: {
    201: { description: 'Stored and flushed.', body: z.union([sentEndToEnd, sentThin]), example: sentExample },
  },
  errors: [
    'device_required',
    'not_connected',
    'not_answered',
    'blocked',
    'forbidden',
    'idempotency_conflict',
    'device_mismatch',
    'envelope_refused',
    'not_found',
    'conflict',
    'record_refused',
  ],
})

const sealedMessage = z
  .object({ envelope, body: sealedBody.nullable(), sequence, received_at: time })
  .meta({ id: 'SealedMessage' })

export const readableMessage = z
  .object({
    id: uuid,
    sequence,
    sender_username: username,
    peer_username: username.meta({
      description: 'The other side of the conversation, of an own message its receiver.',
    }),
    content: z.string(),
    message_type: messageType,
    timestamp: time,
    is_mine: z.boolean(),
    is_read: z.boolean().meta({
      description: 'Acknowledged; of an own message: whether its receiver has said so, as for every critical one.',
    }),
    verified: z.boolean().meta({ description: 'Both signatures held.' }),
  })
  .meta({ id: 'ReadableMessage', description: 'For a thin client, opened by its managed device.' })

export const listMessages = defineRoute({
  operationId: 'listMessages',
  service: 'message',
  method: 'get',
  path: '/api/messages',
  summary: 'Messages behind a cursor, ascending',
  description: 'Sealed for a session that is bound to an end-to-end device, readable for a thin client.',
  auth: 'access',
  query: z.strictObject({ after: numberText(0, Number.MAX_SAFE_INTEGER).optional(), limit: pageLimit }),
  responses: {
    200: {
      description: 'One page.',
      body: z.object({
        messages: z.array(z.union([sealedMessage, readableMessage])),
        next: sequence.meta({ description: 'Give as `after`.' }),
        more: z.boolean(),
        epoch,
      }),
    },
  },
  errors: ['device_required', 'record_refused'],
})

export const acknowledge = defineRoute({
  operationId: 'acknowledge',
  service: 'message',
  method: 'post',
  path: '/api/messages/ack',
  summary: 'Acknowledge everything up to a sequence',
  description: 'What a thin client acknowledges is read; the senders of critical messages among it get a receipt.',
  auth: 'access',
  body: z.strictObject({ up_to: sequence }),
  responses: { 204: { description: 'Acknowledged.' } },
  errors: ['device_required', 'record_refused'],
})

export const deleteMessage = defineRoute({
  operationId: 'deleteMessage',
  service: 'message',
  method: 'delete',
  path: '/api/message/{message_id}',
  summary: "Delete a message from the caller's mailboxes",
  auth: 'access',
  params: z.object({ message_id: uuid }),
  responses: { 204: { description: 'Deleted for this user.' } },
  errors: ['not_found', 'device_required'],
})

export const getStats = defineRoute({
  operationId: 'getStats',
  service: 'message',
  method: 'get',
  path: '/api/stats',
  summary: "The caller's own counts",
  auth: 'access',
  responses: {
    200: {
      description: 'Counts.',
      body: z.object({
        devices: count,
        connections: count,
        pending_requests: count,
        messages_sent: count.meta({ description: 'Sends of the last 25 hours.' }),
        messages_waiting: count,
      }),
    },
  },
})
