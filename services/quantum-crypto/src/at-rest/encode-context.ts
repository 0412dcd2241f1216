const label = 'QSM/1 at rest'

/** `lp(part)…`: each part behind its length in four bytes. */
export const encodeParts = (parts: readonly (string | number)[]): Buffer => {
  const texts = parts.map(String)
  const encoded = Buffer.allocUnsafe(texts.reduce((sum, text) => sum + 4 + Buffer.byteLength(text), 0))
  let at = 0
  for (const text of texts) {
    const length = encoded.write(text, at + 4)
    encoded.writeUInt32BE(length, at)
    at += 4 + length
  }
  return encoded
}

/** `lp(label) ‖ lp(part)…`: fields that are bound to a sealed value, none of which can run into the next. */
export const encodeContext = (purpose: string, parts: readonly (string | number)[]): Uint8Array =>
  new Uint8Array(encodeParts([label, purpose, ...parts]))
