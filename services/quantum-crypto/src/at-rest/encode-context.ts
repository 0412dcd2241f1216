const label = 'QSM/1 at rest'

/** `lp(label) ‖ lp(part)…`: fields that are bound to a sealed value, none of which can run into the next. */
export const encodeContext = (purpose: string, parts: readonly (string | number)[]): Uint8Array => {
  const fields = [label, purpose, ...parts].map(part => Buffer.from(String(part), 'utf8'))
  return new Uint8Array(
    Buffer.concat(
      fields.flatMap(field => {
        const length = Buffer.alloc(4)
        length.writeUInt32BE(field.length)
        return [length, field]
      }),
    ),
  )
}
