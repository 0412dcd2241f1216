const encoder = new TextEncoder()

/** The bytes of an ASCII label, without terminator. */
export const ascii = (text: string): Uint8Array => encoder.encode(text)

export const concat = (...parts: readonly Uint8Array[]): Uint8Array => {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0))
  let offset = 0
  for (const part of parts) {
    whole.set(part, offset)
    offset += part.length
  }
  return whole
}

/**
 * A view on the same bytes as a plain `Uint8Array`. A `Buffer` is one too, but its `slice` shares memory, and algorithms
 * that look at the constructor refuse it.
 */
export const plainView = (bytes: Uint8Array): Uint8Array =>
  bytes.constructor === Uint8Array ? bytes : new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength)

/** A plain copy that shares no memory with its source. */
export const copyBytes = (bytes: Uint8Array): Uint8Array => new Uint8Array(bytes)

/** Whether two byte strings are equal, in time that depends on their lengths only. */
export const equalBytes = (a: Uint8Array, b: Uint8Array): boolean => {
  if (a.length !== b.length) return false
  let difference = 0
  for (let index = 0; index < a.length; index += 1) difference |= (a[index] as number) ^ (b[index] as number)
  return difference === 0
}

/** Order of byte strings as unsigned big-endian numbers: negative, zero or positive. For public values. */
export const compareBytes = (a: Uint8Array, b: Uint8Array): number => {
  const length = Math.min(a.length, b.length)
  for (let index = 0; index < length; index += 1) {
    const difference = (a[index] as number) - (b[index] as number)
    if (difference !== 0) return difference
  }
  return a.length - b.length
}

/** Bytes as one unsigned big-endian number, for public values. */
export const numberOf = (bytes: Uint8Array): bigint => {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  let number = 0n
  let offset = 0
  for (; offset + 8 <= bytes.length; offset += 8) number = (number << 64n) | view.getBigUint64(offset)
  for (; offset < bytes.length; offset += 1) number = (number << 8n) | BigInt(view.getUint8(offset))
  return number
}

export const toHex = (bytes: Uint8Array): string =>
  Array.from(bytes, byte => byte.toString(16).padStart(2, '0')).join('')

/** Overwrites secrets. What the engine has copied elsewhere stays until it is collected: erasure is best effort. */
export const wipe = (...secrets: readonly (Uint8Array | null | undefined)[]): void => {
  for (const secret of secrets) secret?.fill(0)
}
