/*
 * Standard base64 with padding (RFC 4648 section 4), strict: only the canonical text of the bytes is taken, so that each
 * byte string has one text. The platforms' own decoders skip what they do not know, so what they read is encoded again and
 * compared.
 */

const anyEnd = '(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}[AEIMQUYcgkosw048]=|[A-Za-z0-9+/][AQgw]==)?'
const endsByRemainder = ['[A-Za-z0-9+/]*', '[A-Za-z0-9+/]*[AQgw]==', '[A-Za-z0-9+/]*[AEIMQUYcgkosw048]=']

/**
 * The same rule as one pattern, for documents: of any number of bytes, or beside the length of the text of exactly this
 * one.
 */
export const base64Pattern = (bytes?: number): string =>
  `^${bytes === undefined ? anyEnd : endsByRemainder[bytes % 3]}$`

/** The number of characters that stand for this many bytes. */
export const base64Length = (bytes: number): number => Math.ceil(bytes / 3) * 4

/** What Node has beside the platform: ten times as fast as a string of characters in between. */
interface NodeBytes {
  write(text: string, encoding: 'base64'): number
  toString(encoding: 'base64'): string
}
const nodeBuffer = (
  globalThis as { Buffer?: { from(bytes: ArrayBufferLike, start: number, length: number): NodeBytes } }
).Buffer
const nodeBytesOf = (bytes: Uint8Array) => nodeBuffer?.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)

// Arguments of one call: far below what engines take.
const chunkBytes = 8_192

/** Base64 with padding of any bytes. */
export const encodeBase64 = (bytes: Uint8Array): string => {
  const inNode = nodeBytesOf(bytes)
  if (inNode) return inNode.toString('base64')
  let binary = ''
  for (let start = 0; start < bytes.length; start += chunkBytes) {
    binary += String.fromCharCode(...bytes.subarray(start, start + chunkBytes))
  }
  return btoa(binary)
}

const bytesOfBinary = (binary: string): Uint8Array => {
  const bytes = new Uint8Array(binary.length)
  for (let index = 0; index < bytes.length; index += 1) bytes[index] = binary.charCodeAt(index)
  return bytes
}

const readPlatform = (text: string): Uint8Array => {
  if (!nodeBuffer) return bytesOfBinary(atob(text))
  const padding = text.endsWith('==') ? 2 : text.endsWith('=') ? 1 : 0
  const bytes = new Uint8Array(Math.max(0, Math.floor(text.length / 4) * 3 - padding))
  // Straight into bytes of their own: Node's shared pool would keep a copy of what is secret.
  nodeBytesOf(bytes)?.write(text, 'base64')
  return bytes
}

const decodeCanonical = (text: string): Uint8Array | null => {
  try {
    const bytes = readPlatform(text)
    return encodeBase64(bytes) === text ? bytes : null
  } catch {
    return null // `atob` found a character that it does not know.
  }
}

/** The number of bytes behind a strict base64 text, or null when the text is not strict base64. */
export const base64Bytes = (text: string): number | null => decodeCanonical(text)?.length ?? null

/** Bytes of a strict base64 text. Throws a `TypeError` for any other text. */
export const decodeBase64 = (text: string): Uint8Array => {
  const bytes = decodeCanonical(text)
  if (!bytes) throw new TypeError('not canonical base64 with padding')
  return bytes
}
