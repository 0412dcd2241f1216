/**
 * A plain `Uint8Array` of exactly `length` bytes. A `Buffer` or another view is copied into one; anything else is refused
 * with a `TypeError`: the library would sign a string as that many zero bytes.
 */
export const exactBytes = (name: string, value: unknown, length: number): Uint8Array => {
  if (!(value instanceof Uint8Array)) throw new TypeError(`${name} must be a Uint8Array of ${length} bytes`)
  if (value.length !== length) throw new TypeError(`${name} must be ${length} bytes, not ${value.length}`)
  return value.constructor === Uint8Array ? value : new Uint8Array(value)
}

/** A plain `Uint8Array` of at most `maxBytes` bytes. */
export const boundedBytes = (name: string, value: unknown, maxBytes: number): Uint8Array => {
  if (!(value instanceof Uint8Array)) throw new TypeError(`${name} must be a Uint8Array`)
  if (value.length > maxBytes) throw new TypeError(`${name} must be at most ${maxBytes} bytes, not ${value.length}`)
  return value.constructor === Uint8Array ? value : new Uint8Array(value)
}

/** Whether all bytes up to `end` are zero, looked at without a short cut. */
export const allZero = (bytes: Uint8Array, end: number): boolean => {
  let seen = 0
  for (let index = 0; index < end; index += 1) seen |= bytes[index] ?? 0
  return seen === 0
}
