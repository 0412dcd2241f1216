import * as z from 'zod'
import { explainIssues } from './explain.js'
import { sequence, text, username, uuid } from './fields.js'
import { twoForms } from './forms.js'
import { FrameError } from './frame-error.js'
import { endToEndSend, thinSend } from './routes/messages.js'

/** The text frames that clients send: JSON with a `type`. Binary frames are in binary-frames.ts. */

const frame = <const T extends string, const S extends z.ZodRawShape>(type: T, shape: S) =>
  z.strictObject({ type: z.literal(type), ...shape })

export const receiptKind = z.enum(['delivered', 'read'])

/** Comes back in the answer, so that a client can match them. */
export const reference = text(1, 100)

const sealedSend = frame('send', endToEndSend.shape).meta({ id: 'EndToEndSendFrame' })
const readableSend = frame('send', { ...thinSend.shape, client_message_id: uuid }).meta({ id: 'ThinSendFrame' })

export const clientFrames = Object.freeze({
  send: twoForms('envelopes', sealedSend, readableSend),
  ack: frame('ack', { up_to: sequence }),
  typing: frame('typing', { recipient: username, active: z.boolean() }),
  receipt: frame('receipt', { message_id: uuid, recipient: username, kind: receiptKind }),
  ping: frame('ping', { reference: reference.optional() }),
})

export type ClientFrameType = keyof typeof clientFrames
export type ClientFrame = { [T in ClientFrameType]: z.output<(typeof clientFrames)[T]> }[ClientFrameType]
/** What a client hands over to be sent. */
export type ClientFrameInput = z.input<
  typeof sealedSend | typeof readableSend | (typeof clientFrames)[Exclude<ClientFrameType, 'send'>]
>

const types = Object.keys(clientFrames)

const isClientFrameType = (type: unknown): type is ClientFrameType =>
  typeof type === 'string' && Object.hasOwn(clientFrames, type)

/** A parsed JSON value as a frame of a client. Throws `FrameError`, which names the field and the limit. */
export const parseClientFrame = (value: unknown): ClientFrame => {
  const type = typeof value === 'object' && value !== null ? (value as { type?: unknown }).type : undefined
  if (!isClientFrameType(type)) throw new FrameError(`type: must be one of ${types.join(', ')}`, 'type')
  const result = clientFrames[type].safeParse(value)
  if (result.success) return result.data
  const { message, field } = explainIssues(result.error.issues, 'frame')
  throw new FrameError(message, field)
}
