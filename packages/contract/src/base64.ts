/**
 * Standard base64 with padding (RFC 4648 section 4), strict: only the canonical text of the bytes is taken. Node's own
 * decoder skips what it does not know, so it is not used to judge.
 */
const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'
const strictForm = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/

/** How many bytes a base64 text of this length and padding stands for. */
const decodedBytes = (text: string): number =>
  (text.length / 4) * 3 - (text.endsWith('==') ? 2 : text.endsWith('=') ? 1 : 0)

/** True when the bits behind the last byte are zero, so that each byte string has one text. */
const hasCanonicalEnd = (text: string): boolean => {
  if (text.endsWith('==')) return alphabet.indexOf(text.charAt(text.length - 3)) % 16 === 0
  if (text.endsWith('=')) return alphabet.indexOf(text.charAt(text.length - 2)) % 4 === 0
  return true
}

/** The number of bytes behind a strict base64 text, or null when the text is not strict base64. */
export const base64Bytes = (text: string): number | null =>
  text.length % 4 === 0 && strictForm.test(text) && hasCanonicalEnd(text) ? decodedBytes(text) : null

/** Bytes of a strict base64 text. Throws a `TypeError` for any other text. */
export const decodeBase64 = (text: string): Uint8Array => {
  const length = base64Bytes(text)
  if (length === null) throw new TypeError('not canonical base64 with padding')
  const binary = atob(text)
  const bytes = new Uint8Array(length)
  for (let index = 0; index < length; index += 1) bytes[index] = binary.charCodeAt(index)
  return bytes
}

/** Base64 with padding of any bytes. */
export const encodeBase64 = (bytes: Uint8Array): string => {
  let binary = ''
  for (let start = 0; start < bytes.length; start += 8192) {
    binary += String.fromCharCode(...bytes.subarray(start, start + 8192))
  }
  return btoa(binary)
}
