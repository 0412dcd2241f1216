import { z } from 'zod'
import { base64, deviceId, numberText, pageLimit, sequence, text, time, username, uuid, uuidV7 } from '../fields.js'
import { limits } from '../limits.js'
import { defineRoute } from '../route.js'

const envelope = base64(limits.minEnvelopeBytes, limits.maxEnvelopeBytes)
const bodyApart = base64(1, limits.maxBodyApartBytes)
export const messageType = z.enum(['secured', 'critical'])

export const thinSend = z.strictObject({
  content: text(1, 65_536),
  message_type: messageType.default('secured'),
  recipient: username.optional(),
  client_message_id: uuid.optional(),
})

export const endToEndSend = z.strictObject({
  client_message_id: uuidV7,
  envelopes: z
    .array(envelope)
    .min(1, 'at least 1 envelope')
    .max(limits.maxEnvelopesPerSend, `at most ${limits.maxEnvelopesPerSend} envelopes`),
  body: bodyApart.optional(),
})

/** The two forms are told apart by `envelopes`, so that a mistake is explained for the form that was meant. */
export const sendBody = z.unknown().transform((value, context) => {
  const isEndToEnd = typeof value === 'object' && value !== null && Object.hasOwn(value, 'envelopes')
  const result = isEndToEnd ? endToEndSend.safeParse(value) : thinSend.safeParse(value)
  if (result.success) return result.data
  for (const issue of result.error.issues) context.addIssue({ ...issue } as Parameters<typeof context.addIssue>[0])
  return z.NEVER
})

export const addressedDevice = z.object({ user_id: uuid, device_id: deviceId })

export const sentEndToEnd = z.object({
  message_id: uuidV7,
  devices: z.array(addressedDevice.extend({ sequence })),
})

export const sentThin = z.object({
  message_id: uuid,
  timestamp: time,
  status: z.literal('sent'),
  encrypted: z.boolean(),
  signed: z.boolean(),
  quantum_algorithm: z.string(),
  message_type: messageType,
})

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
  responses: { 201: { description: 'Stored and flushed.', body: z.union([sentEndToEnd, sentThin]) } },
  errors: [
    'device_required',
    'not_connected',
    'not_answered',
    'blocked',
    'forbidden',
    'idempotency_conflict',
    'device_mismatch',
    'envelope_refused',
    'rate_limited',
    'not_implemented',
  ],
})

export const sealedMessage = z.object({
  envelope,
  body: bodyApart.nullable(),
  sequence,
  received_at: time,
})

export const readableMessage = z.object({
  id: uuid,
  sender_username: username,
  content: z.string(),
  message_type: messageType,
  timestamp: time,
  is_mine: z.boolean(),
  is_read: z.boolean(),
  verified: z.boolean(),
})

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
        epoch: z.int().meta({ description: 'Of the mailbox; another one means: read again from the start.' }),
      }),
    },
  },
  errors: ['not_implemented'],
})

export const acknowledge = defineRoute({
  operationId: 'acknowledge',
  service: 'message',
  method: 'post',
  path: '/api/messages/ack',
  summary: 'Acknowledge everything up to a sequence',
  auth: 'access',
  body: z.strictObject({ up_to: sequence }),
  responses: { 204: { description: 'Acknowledged.' } },
  errors: ['device_required'],
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
  errors: ['not_found'],
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
        devices: z.int(),
        connections: z.int(),
        pending_requests: z.int(),
        messages_sent: z.int().meta({ description: 'Sends of the last 25 hours.' }),
        messages_waiting: z.int(),
      }),
    },
  },
})
