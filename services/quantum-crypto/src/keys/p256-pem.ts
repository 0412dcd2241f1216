const point65 = 65
/** SubjectPublicKeyInfo (RFC 5480) of an uncompressed P-256 point, before its 65 bytes. */
const head = Buffer.from('3059301306072a8648ce3d020106082a8648ce3d030107034200', 'hex')
const begin = '-----BEGIN PUBLIC KEY-----'
const end = '-----END PUBLIC KEY-----'
const lineCharacters = 64

const linesOf = (der: Buffer): readonly string[] =>
  der.toString('base64').match(new RegExp(`.{1,${lineCharacters}}`, 'g')) ?? []

/** The PEM (RFC 7468 section 13) of a P-256 point of 65 bytes. */
export const pemOfPoint = (point: Uint8Array): string =>
  `${[begin, ...linesOf(Buffer.concat([head, point])), end].join('\n')}\n`

/**
 * The point of 65 bytes in a PEM of an uncompressed P-256 key, or null for every other text: other curves, compressed points,
 * explicit parameters, text around it, another line length. Line ends are LF or CRLF, the last may be missing. Whether the
 * point is on the curve is not looked at.
 */
export const pointOfPem = (pem: string): Uint8Array | null => {
  const lines = pem.replace(/\r?\n$/, '').split(/\r?\n/)
  const der = Buffer.from(lines.slice(1, -1).join(''), 'base64')
  if (der.length !== head.length + point65 || !der.subarray(0, head.length).equals(head)) return null
  if (der[head.length] !== 4) return null
  // The decoder skips what it does not know, so only the one text of these bytes is taken.
  const isCanonical = [begin, ...linesOf(der), end].join('\n') === lines.join('\n')
  return isCanonical ? new Uint8Array(der.subarray(head.length)) : null
}
