import { FrameError } from './frame-error.js'
import { limits } from './limits.js'

/**
 * The binary frames of end-to-end clients. Numbers are big-endian; `lp(x)` is a u32 length and x.
 *
 * client: `0x01 ‖ client_message_id 16 ‖ lp(body or empty) ‖ lp(envelope)…`
 * server: `0x02 ‖ u64 sequence ‖ u64 received_at ‖ lp(body or empty) ‖ lp(envelope)`
 */
export interface SendFrame {
  /** 16 bytes in text order of a UUIDv7. */
  readonly clientMessageId: Uint8Array
  readonly body: Uint8Array | null
  /** 1 to 64, each of 1 228 to 98 304 bytes. */
  readonly envelopes: readonly Uint8Array[]
}

export interface DeliveryFrame {
  readonly sequence: number
  /** Milliseconds since 1970. */
  readonly receivedAt: number
  readonly body: Uint8Array | null
  readonly envelope: Uint8Array
}

export const binaryFrameType = Object.freeze({ send: 0x01, delivery: 0x02 })

const idBytes = 16
const sendHeadBytes = 1 + idBytes
const deliveryHeadBytes = 1 + 8 + 8

const view = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)

const checkSize = (length: number, name: string, minBytes: number, maxBytes: number): void => {
  if (length < minBytes) throw new FrameError(`${name}: at least ${minBytes} bytes, not ${length}`, name)
  if (length > maxBytes) throw new FrameError(`${name}: at most ${maxBytes} bytes, not ${length}`, name)
}

const checkBody = (length: number): void => {
  if (length > 0) checkSize(length, 'body', limits.minBodyApartBytes, limits.maxBodyApartBytes)
}

const checkEnvelope = (length: number, name: string): void =>
  checkSize(length, name, limits.minEnvelopeBytes, limits.maxEnvelopeBytes)

const checkClientMessageId = (id: Uint8Array): void => {
  const isUuidV7 = id.length === idBytes && (id[6] as number) >> 4 === 7 && (id[8] as number) >> 6 === 2
  if (!isUuidV7) throw new FrameError('client_message_id: a UUID of version 7', 'client_message_id')
}

/** The part whose length stands at `offset`, as a view. */
const readPart = (
  frame: Uint8Array,
  offset: number,
  name: string,
  check: (length: number, name: string) => void,
): Uint8Array => {
  if (offset + 4 > frame.length) throw new FrameError(`${name}: the frame ends within its length`, name)
  const length = view(frame).getUint32(offset)
  check(length, name)
  if (offset + 4 + length > frame.length) throw new FrameError(`${name}: the frame ends within it`, name)
  return frame.subarray(offset + 4, offset + 4 + length)
}

const writePart = (frame: Uint8Array, offset: number, part: Uint8Array): number => {
  view(frame).setUint32(offset, part.length)
  frame.set(part, offset + 4)
  return offset + 4 + part.length
}

const empty = new Uint8Array(0)

const checkEnvelopeCount = (count: number): void => {
  if (count === 0) throw new FrameError('envelopes: at least 1', 'envelopes')
  if (count > limits.maxEnvelopesPerSend) {
    throw new FrameError(`envelopes: at most ${limits.maxEnvelopesPerSend}`, 'envelopes')
  }
}

/** A send frame, `0x01`. Throws `FrameError` for what a server would refuse. */
export const encodeSendFrame = (frame: SendFrame): Uint8Array<ArrayBuffer> => {
  const body = frame.body ?? empty
  checkClientMessageId(frame.clientMessageId)
  checkBody(body.length)
  checkEnvelopeCount(frame.envelopes.length)
  let size = sendHeadBytes + 4 + body.length
  for (const [index, envelope] of frame.envelopes.entries()) {
    checkEnvelope(envelope.length, `envelopes[${index}]`)
    size += 4 + envelope.length
  }
  const bytes = new Uint8Array(size)
  bytes[0] = binaryFrameType.send
  bytes.set(frame.clientMessageId, 1)
  let offset = writePart(bytes, sendHeadBytes, body)
  for (const envelope of frame.envelopes) offset = writePart(bytes, offset, envelope)
  return bytes
}

/**
 * The client message id of a send frame, also where the rest of it is broken, so that the error can name the send; null
 * where the frame has none.
 */
export const clientMessageIdOf = (bytes: Uint8Array): Uint8Array | null =>
  bytes[0] === binaryFrameType.send && bytes.length >= sendHeadBytes ? bytes.subarray(1, sendHeadBytes) : null

/** The parts of a send frame as views into it. Throws `FrameError`, which names the part and the limit. */
export const decodeSendFrame = (bytes: Uint8Array): SendFrame => {
  if (bytes[0] !== binaryFrameType.send) throw new FrameError('A binary frame of a client begins with 0x01.', 'type')
  const clientMessageId = clientMessageIdOf(bytes)
  if (!clientMessageId) throw new FrameError('client_message_id: the frame ends within it', 'client_message_id')
  checkClientMessageId(clientMessageId)
  const body = readPart(bytes, sendHeadBytes, 'body', checkBody)
  const envelopes: Uint8Array[] = []
  let offset = sendHeadBytes + 4 + body.length
  while (offset < bytes.length) {
    checkEnvelopeCount(envelopes.length + 1)
    const envelope = readPart(bytes, offset, `envelopes[${envelopes.length}]`, checkEnvelope)
    envelopes.push(envelope)
    offset += 4 + envelope.length
  }
  checkEnvelopeCount(envelopes.length)
  return { clientMessageId, body: body.length === 0 ? null : body, envelopes }
}

const checkNumber = (value: number, name: string): number => {
  if (!Number.isSafeInteger(value) || value < 0) throw new FrameError(`${name}: at most 2^53 − 1`, name)
  return value
}

/** A delivery frame, `0x02`. Throws `FrameError` for a number that is none. */
export const encodeDeliveryFrame = (frame: DeliveryFrame): Uint8Array<ArrayBuffer> => {
  const body = frame.body ?? empty
  const bytes = new Uint8Array(deliveryHeadBytes + 4 + body.length + 4 + frame.envelope.length)
  bytes[0] = binaryFrameType.delivery
  view(bytes).setBigUint64(1, BigInt(checkNumber(frame.sequence, 'sequence')))
  view(bytes).setBigUint64(9, BigInt(checkNumber(frame.receivedAt, 'received_at')))
  writePart(bytes, writePart(bytes, deliveryHeadBytes, body), frame.envelope)
  return bytes
}

/** The parts of a delivery frame as views into it. Throws `FrameError`. */
export const decodeDeliveryFrame = (bytes: Uint8Array): DeliveryFrame => {
  if (bytes[0] !== binaryFrameType.delivery)
    throw new FrameError('A binary frame of a server begins with 0x02.', 'type')
  if (bytes.length < deliveryHeadBytes) throw new FrameError('sequence: the frame ends within its head', 'sequence')
  const sequence = checkNumber(Number(view(bytes).getBigUint64(1)), 'sequence')
  const receivedAt = checkNumber(Number(view(bytes).getBigUint64(9)), 'received_at')
  const body = readPart(bytes, deliveryHeadBytes, 'body', checkBody)
  const envelope = readPart(bytes, deliveryHeadBytes + 4 + body.length, 'envelope', checkEnvelope)
  const end = deliveryHeadBytes + 4 + body.length + 4 + envelope.length
  if (end !== bytes.length) throw new FrameError(`envelope: ${bytes.length - end} bytes behind it`, 'envelope')
  return { sequence, receivedAt, body: body.length === 0 ? null : body, envelope }
}
