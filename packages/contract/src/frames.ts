import { z } from 'zod'
import { deviceId, sequence, time, username, uuid, uuidV7 } from './fields.js'
import { connectionState, pendingRequest } from './routes/connections.js'
import { addressedDevice, endToEndSend, readableMessage, thinSend } from './routes/messages.js'

/** The text frames of a socket: JSON with a `type`. Binary frames are in binary-frames.ts. */

const frame = <T extends string, S extends z.ZodRawShape>(type: T, shape: S) =>
  z.strictObject({ type: z.literal(type), ...shape })

const recipient = username
const reference = z.string().max(100, 'at most 100 characters').optional()

export const clientFrames = Object.freeze({
  send: z.union([
    frame('send', endToEndSend.shape),
    frame('send', { ...thinSend.shape, client_message_id: uuid }),
  ]),
  ack: frame('ack', { up_to: sequence }),
  typing: frame('typing', { recipient, active: z.boolean() }),
  receipt: frame('receipt', { message_id: uuid, recipient, kind: z.enum(['delivered', 'read']) }),
  ping: frame('ping', { reference }),
})

export const errorBody = z.object({
  code: z.string(),
  message: z.string(),
  retryable: z.boolean(),
  request_id: z.string(),
  field: z.string().optional(),
  missing: z.array(addressedDevice).optional(),
  extra: z.array(addressedDevice).optional(),
})

export const serverFrames = Object.freeze({
  ready: z.object({
    type: z.literal('ready'),
    cursor: sequence,
    epoch: z.int(),
    device_id: deviceId.nullable(),
    username,
  }),
  message: readableMessage.extend({ type: z.literal('message'), sequence }),
  sent: z.object({
    type: z.literal('sent'),
    client_message_id: uuidV7,
    message_id: uuidV7,
    devices: z.array(addressedDevice.extend({ sequence })),
  }),
  backlog_end: z.object({ type: z.literal('backlog_end'), cursor: sequence }),
  connection_request: pendingRequest.extend({ type: z.literal('connection_request') }),
  session_update: z.object({
    type: z.literal('session_update'),
    request_id: uuid.nullable(),
    peer_username: username,
    state: connectionState,
    handshake: z.string().nullable(),
  }),
  receipt: z.object({ type: z.literal('receipt'), message_id: uuid, sender: username, kind: z.enum(['delivered', 'read']) }),
  typing: z.object({ type: z.literal('typing'), sender: username, active: z.boolean() }),
  presence: z.object({ type: z.literal('presence'), username, status: z.enum(['online', 'offline']), at: time }),
  pong: z.object({ type: z.literal('pong'), reference }),
  error: z.object({ type: z.literal('error'), client_message_id: z.string().optional(), error: errorBody }),
})

export type ClientFrameType = keyof typeof clientFrames
export type ServerFrameType = keyof typeof serverFrames
export type ServerFrame = { [T in ServerFrameType]: z.input<(typeof serverFrames)[T]> }[ServerFrameType]

