import { compareBytes, numberOf } from './codec/bytes.js'
import { refused } from './errors.js'

export const pointBytes = 65

/** The curve of FIPS 186-5 / SP 800-186 section 3.2.1.3: y² = x³ − 3x + b over p, with this order. */
const p = 0xffffffff00000001000000000000000000000000ffffffffffffffffffffffffn
const b = 0x5ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604bn
const order = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n

const scalarOf = (value: bigint): Uint8Array => {
  const bytes = new Uint8Array(32)
  const view = new DataView(bytes.buffer)
  for (let word = 0; word < 4; word += 1)
    view.setBigUint64(word * 8, BigInt.asUintN(64, value >> BigInt(192 - 64 * word)))
  return bytes
}

const halfOrder = scalarOf(order / 2n)

/** Whether bytes are a P-256 point: 65 bytes, uncompressed, on the curve (SEC 1 section 2.3.4). */
export const isP256Point = (point: Uint8Array): boolean => {
  if (point.length !== pointBytes || point[0] !== 4) return false
  const x = numberOf(point.subarray(1, 33))
  const y = numberOf(point.subarray(33, 65))
  return x < p && y < p && (y * y - (x * x * x - 3n * x + b)) % p === 0n
}

/** Refuses what is no P-256 point: a point off the curve gives away the private key that it meets. */
export const checkP256Point = (point: Uint8Array): void => {
  if (!isP256Point(point)) throw refused('key', 'a P-256 point is not uncompressed and on the curve')
}

/** Whether s of an ECDSA signature (r‖s, 64 bytes) is at most half the order: of s and −s only one is taken. */
export const isLowS = (signature: Uint8Array): boolean => compareBytes(signature.subarray(32, 64), halfOrder) <= 0

/** Gives a signature the low one of both values of s, in place. */
export const lowerS = (signature: Uint8Array): void => {
  if (!isLowS(signature)) signature.set(scalarOf(order - numberOf(signature.subarray(32, 64))), 32)
}
