/**
 * Standard base64 with padding (RFC 4648 section 4), strict: only the canonical text of the bytes is taken, so that each
 * byte string has one text. The platforms' own decoders skip what they do not know, so they are not used to judge.
 */
const wellFormed = /^[A-Za-z0-9+/]*={0,2}$/
/** The bits behind the last byte are zero (RFC 4648 section 3.5). */
const canonicalEnd = /^(?:[A-Za-z0-9+/]{4}|[A-Za-z0-9+/]{2}[AEIMQUYcgkosw048]=|[A-Za-z0-9+/][AQgw]==)$/

const anyEnd = '(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}[AEIMQUYcgkosw048]=|[A-Za-z0-9+/][AQgw]==)?'
const endsByRemainder = ['[A-Za-z0-9+/]*', '[A-Za-z0-9+/]*[AQgw]==', '[A-Za-z0-9+/]*[AEIMQUYcgkosw048]=']

/**
 * The same rule as one pattern, for documents: of any number of bytes, or beside the length of the text of exactly this
 * one. To judge by it takes twice the time.
 */
export const base64Pattern = (bytes?: number): string =>
  `^${bytes === undefined ? anyEnd : endsByRemainder[bytes % 3]}$`

/** The number of characters that stand for this many bytes. */
export const base64Length = (bytes: number): number => Math.ceil(bytes / 3) * 4

/** The number of bytes behind a strict base64 text, or null when the text is not strict base64. */
export const base64Bytes = (text: string): number | null => {
  if (text === '') return 0
  if (text.length % 4 !== 0 || !canonicalEnd.test(text.slice(-4)) || !wellFormed.test(text)) return null
  return (text.length / 4) * 3 - (text.endsWith('==') ? 2 : text.endsWith('=') ? 1 : 0)
}

/** Bytes of a strict base64 text. Throws a `TypeError` for any other text. */
export const decodeBase64 = (text: string): Uint8Array => {
  const length = base64Bytes(text)
  if (length === null) throw new TypeError('not canonical base64 with padding')
  const binary = atob(text)
  const bytes = new Uint8Array(length)
  for (let index = 0; index < length; index += 1) bytes[index] = binary.charCodeAt(index)
  return bytes
}

// Arguments of one call: far below what engines take.
const chunkBytes = 8_192

/** Base64 with padding of any bytes. */
export const encodeBase64 = (bytes: Uint8Array): string => {
  let binary = ''
  for (let start = 0; start < bytes.length; start += chunkBytes) {
    binary += String.fromCharCode(...bytes.subarray(start, start + chunkBytes))
  }
  return btoa(binary)
}
