import { limits } from './limits.js'

/**
 * The binary frames of end-to-end clients. Numbers are big-endian; `lp(x)` is a u32 length and x.
 *
 * client: `0x01 ‖ client_message_id 16 ‖ lp(body or empty) ‖ lp(envelope)…`
 * server: `0x02 ‖ u64 sequence ‖ u64 received_at ‖ lp(body or empty) ‖ lp(envelope)`
 */
export interface SendFrame {
  /** 16 bytes in text order of the UUID. */
  readonly clientMessageId: Uint8Array
  readonly body: Uint8Array | null
  readonly envelopes: readonly Uint8Array[]
}

export interface DeliveryFrame {
  readonly sequence: number
  /** Milliseconds since 1970. */
  readonly receivedAt: number
  readonly body: Uint8Array | null
  readonly envelope: Uint8Array
}

/** What is wrong with a binary frame; the text is for the client. */
export class FrameError extends Error {
  override readonly name = 'FrameError'
}

const view = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)

const readPart = (frame: Uint8Array, offset: number, maxBytes: number, name: string): Uint8Array => {
  if (offset + 4 > frame.length) throw new FrameError(`the frame ends within the length of ${name}`)
  const length = view(frame).getUint32(offset)
  if (length > maxBytes) throw new FrameError(`${name}: at most ${maxBytes} bytes, not ${length}`)
  if (offset + 4 + length > frame.length) throw new FrameError(`the frame ends within ${name}`)
  return frame.subarray(offset + 4, offset + 4 + length)
}

const writePart = (frame: Uint8Array, offset: number, part: Uint8Array): number => {
  view(frame).setUint32(offset, part.length)
  frame.set(part, offset + 4)
  return offset + 4 + part.length
}

const empty = new Uint8Array(0)

/** A send frame, `0x01`. */
export const encodeSendFrame = (frame: SendFrame): Uint8Array => {
  const body = frame.body ?? empty
  const size = frame.envelopes.reduce((sum, envelope) => sum + 4 + envelope.length, 17 + 4 + body.length)
  const bytes = new Uint8Array(size)
  bytes[0] = 1
  bytes.set(frame.clientMessageId, 1)
  let offset = writePart(bytes, 17, body)
  for (const envelope of frame.envelopes) offset = writePart(bytes, offset, envelope)
  return bytes
}

/** The parts of a send frame as views into it. Throws `FrameError`, which names the part and the limit. */
export const decodeSendFrame = (bytes: Uint8Array): SendFrame => {
  if (bytes[0] !== 1) throw new FrameError('a binary frame of a client begins with 0x01')
  if (bytes.length < 21) throw new FrameError('the frame is shorter than its head of 21 bytes')
  const body = readPart(bytes, 17, limits.maxBodyApartBytes, 'body')
  const envelopes: Uint8Array[] = []
  let offset = 21 + body.length
  while (offset < bytes.length) {
    if (envelopes.length === limits.maxEnvelopesPerSend) {
      throw new FrameError(`envelopes: at most ${limits.maxEnvelopesPerSend}`)
    }
    const envelope = readPart(bytes, offset, limits.maxEnvelopeBytes, `envelopes[${envelopes.length}]`)
    envelopes.push(envelope)
    offset += 4 + envelope.length
  }
  if (envelopes.length === 0) throw new FrameError('envelopes: at least 1')
  return { clientMessageId: bytes.subarray(1, 17), body: body.length === 0 ? null : body, envelopes }
}

/** A delivery frame, `0x02`. */
export const encodeDeliveryFrame = (frame: DeliveryFrame): Uint8Array => {
  const body = frame.body ?? empty
  const bytes = new Uint8Array(17 + 4 + body.length + 4 + frame.envelope.length)
  bytes[0] = 2
  view(bytes).setBigUint64(1, BigInt(frame.sequence))
  view(bytes).setBigUint64(9, BigInt(frame.receivedAt))
  writePart(bytes, writePart(bytes, 17, body), frame.envelope)
  return bytes
}

/** The parts of a delivery frame as views into it. Throws `FrameError`. */
export const decodeDeliveryFrame = (bytes: Uint8Array): DeliveryFrame => {
  if (bytes[0] !== 2) throw new FrameError('a binary frame of a server begins with 0x02')
  if (bytes.length < 25) throw new FrameError('the frame is shorter than its head of 25 bytes')
  const body = readPart(bytes, 17, limits.maxBodyApartBytes, 'body')
  const envelope = readPart(bytes, 21 + body.length, limits.maxEnvelopeBytes, 'envelope')
  if (25 + body.length + envelope.length !== bytes.length) throw new FrameError('bytes behind the envelope')
  const sequence = Number(view(bytes).getBigUint64(1))
  const receivedAt = Number(view(bytes).getBigUint64(9))
  if (!Number.isSafeInteger(sequence) || !Number.isSafeInteger(receivedAt)) throw new FrameError('a number over 2^53 − 1')
  return { sequence, receivedAt, body: body.length === 0 ? null : body, envelope }
}
