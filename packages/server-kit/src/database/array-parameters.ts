/** `pg_type.oid` of the elements. */
const types = { bytea: 17, bigint: 20, integer: 23, uuid: 2950 } as const

const emptyBytes = 12
const headBytes = 20
const lengthBytes = 4
const uuidBytes = 16
const word = 2 ** 32

/**
 * Begins an array in the binary format that `array_recv` of PostgreSQL reads: dimensions, whether there are nulls, the type of the
 * elements; then, unless it is empty, how many there are, and the index of the first. Each element stands behind its length.
 */
const startArray = (type: keyof typeof types, count: number, bytes: number, hasNulls = false): Buffer => {
  const array = Buffer.allocUnsafe(count === 0 ? emptyBytes : headBytes + count * lengthBytes + bytes)
  array.writeInt32BE(count === 0 ? 0 : 1, 0)
  array.writeInt32BE(hasNulls ? 1 : 0, 4)
  array.writeInt32BE(types[type], 8)
  if (count === 0) return array
  array.writeInt32BE(count, 12)
  array.writeInt32BE(1, 16)
  return array
}

/** What each character of a hexadecimal number is worth; 255 for all others. */
const hexDigits = Uint8Array.from({ length: 128 }, (_, code) => {
  const digit = Number.parseInt(String.fromCharCode(code), 16)
  return Number.isNaN(digit) ? 255 : digit
})
/** Where each byte of a UUID's text begins (RFC 9562 section 4). */
const uuidPlaces = [0, 2, 4, 6, 9, 11, 14, 16, 19, 21, 24, 26, 28, 30, 32, 34] as const
const digitAt = (text: string, index: number): number => hexDigits[text.charCodeAt(index)] ?? 255

/**
 * Values of a column as one parameter `uuid[]`, in binary: the driver's own text takes both sides longer and is larger. Throws
 * a `TypeError` for what is no UUID of 36 characters. Digit by digit: `Buffer.write` takes four times as long for so little.
 */
export const uuids = (values: readonly string[]): Buffer => {
  const array = startArray('uuid', values.length, values.length * uuidBytes)
  let at = headBytes
  for (const value of values) {
    array.writeInt32BE(uuidBytes, at)
    at += lengthBytes
    let worst = value.length === 36 ? 0 : 255
    for (const place of uuidPlaces) {
      const high = digitAt(value, place)
      const low = digitAt(value, place + 1)
      worst |= high | low
      array[at] = (high << 4) | low
      at += 1
    }
    if (worst > 15) throw new TypeError('a value for uuid[] is no UUID')
  }
  return array
}

/** Values of a column as one parameter `bigint[]`. Throws a `RangeError` for what is no whole number up to 2^53. */
export const bigints = (values: readonly number[]): Buffer => {
  const array = startArray('bigint', values.length, values.length * 8)
  let at = headBytes
  for (const value of values) {
    if (!Number.isSafeInteger(value)) throw new RangeError('a value for bigint[] is no whole number')
    const high = Math.floor(value / word)
    array.writeInt32BE(8, at)
    array.writeInt32BE(high, at + lengthBytes)
    array.writeUInt32BE(value - high * word, at + lengthBytes + 4)
    at += lengthBytes + 8
  }
  return array
}

/** Values of a column as one parameter `int[]`. Throws a `RangeError` for what is no whole number of 32 bits. */
export const integers = (values: readonly number[]): Buffer => {
  const array = startArray('integer', values.length, values.length * 4)
  let at = headBytes
  for (const value of values) {
    if (!Number.isInteger(value)) throw new RangeError('a value for int[] is no whole number')
    array.writeInt32BE(4, at)
    array.writeInt32BE(value, at + lengthBytes)
    at += lengthBytes + 4
  }
  return array
}

/** Values of a column as one parameter `bytea[]`: in text they would be twice as long. */
export const byteas = (values: readonly (Uint8Array | null)[]): Buffer => {
  const bytes = values.reduce((sum, value) => sum + (value?.length ?? 0), 0)
  const array = startArray('bytea', values.length, bytes, values.includes(null))
  let at = headBytes
  for (const value of values) {
    array.writeInt32BE(value === null ? -1 : value.length, at)
    at += lengthBytes
    if (value === null) continue
    array.set(value, at)
    at += value.length
  }
  return array
}
