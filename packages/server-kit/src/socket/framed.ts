/** A whole WebSocket frame, ready for the network (RFC 6455 section 5.2: from a server, so unmasked). */
export interface Framed {
  readonly bytes: Uint8Array
}

const maxByteLength = 125
const maxUint16 = 65_535
const opcodes = { text: 0x81, binary: 0x82 } as const

/** Bytes before a payload of `length` bytes. */
export const headLength = (length: number): number => (length <= maxByteLength ? 2 : length <= maxUint16 ? 4 : 10)

/** Writes what stands before a payload: kind and length of a message that is one frame. */
export const writeHead = (target: Buffer, at: number, kind: keyof typeof opcodes, length: number): void => {
  target[at] = opcodes[kind]
  if (length <= maxByteLength) target[at + 1] = length
  else if (length <= maxUint16) {
    target[at + 1] = maxByteLength + 1
    target.writeUInt16BE(length, at + 2)
  } else {
    target[at + 1] = maxByteLength + 2
    target.writeBigUInt64BE(BigInt(length), at + 2)
  }
}

/** Frames a text once for all sockets that get it. */
export const frameText = (text: string): Framed => {
  const length = Buffer.byteLength(text)
  const bytes = Buffer.allocUnsafe(headLength(length) + length)
  writeHead(bytes, 0, 'text', length)
  bytes.write(text, headLength(length))
  return { bytes }
}
