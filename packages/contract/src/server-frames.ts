import * as z from 'zod'
import { receiptKind, reference } from './client-frames.js'
import { errorBody } from './error-body.js'
import { deviceId, epoch, sequence, time, username, uuid, uuidV7 } from './fields.js'
import { handshakeResponse } from './records.js'
import { connectionState, pendingRequest } from './routes/connections.js'
import { readableMessage, sentEndToEnd, sentThin } from './routes/messages.js'

/** The text frames that servers send. A client ignores types and fields that it does not know. */

const frame = <const T extends string, const S extends z.ZodRawShape>(type: T, shape: S) =>
  z.object({ type: z.literal(type), ...shape })

export const serverFrames = Object.freeze({
  ready: frame('ready', {
    cursor: sequence.meta({ description: 'Everything up to here was acknowledged.' }),
    epoch,
    device_id: deviceId.nullable(),
    username,
  }),
  message: frame('message', readableMessage.shape),
  sent: z.union([
    frame('sent', { client_message_id: uuidV7, ...sentEndToEnd.shape }).meta({ id: 'EndToEndSentFrame' }),
    frame('sent', { client_message_id: uuid, ...sentThin.shape }).meta({ id: 'ThinSentFrame' }),
  ]),
  backlog_end: frame('backlog_end', { cursor: sequence.meta({ description: 'The last sequence of the backlog.' }) }),
  connection_request: frame('connection_request', pendingRequest.shape),
  session_update: frame('session_update', {
    request_id: uuid.nullable(),
    peer_username: username,
    state: connectionState,
    handshake: handshakeResponse.nullable().meta({ description: 'The Response, for the device that asked.' }),
  }),
  receipt: frame('receipt', { message_id: uuid, sender: username, kind: receiptKind }),
  typing: frame('typing', { sender: username, active: z.boolean() }),
  presence: frame('presence', { username, status: z.enum(['online', 'offline']), at: time }),
  pong: frame('pong', { reference: reference.optional() }),
  error: frame('error', {
    client_message_id: z.string().optional().meta({ description: 'Of the send that failed.' }),
    error: errorBody,
  }),
})

export type ServerFrameType = keyof typeof serverFrames
export type ServerFrame = { [T in ServerFrameType]: z.input<(typeof serverFrames)[T]> }[ServerFrameType]

const isServerFrameType = (type: unknown): type is ServerFrameType =>
  typeof type === 'string' && Object.hasOwn(serverFrames, type)

/**
 * A parsed JSON value as a frame of a server, or null where its type or form is none that this version knows: a newer
 * server may say more than an older client understands.
 */
export const parseServerFrame = (value: unknown): ServerFrame | null => {
  const type = typeof value === 'object' && value !== null ? (value as { type?: unknown }).type : undefined
  return isServerFrameType(type) ? (serverFrames[type].safeParse(value).data ?? null) : null
}
