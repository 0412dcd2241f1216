import { refused } from './errors.js'

const coefficientBytes = 1152
const modulus = 3329
const p = 0xffffffff00000001000000000000000000000000ffffffffffffffffffffffffn
const b = 0x5ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604bn

const numberOf = (bytes: Uint8Array): bigint => bytes.reduce((sum, byte) => (sum << 8n) | BigInt(byte), 0n)

/**
 * Refuses an ML-KEM-768 encapsulation key with a coefficient of 3329 or more (FIPS 203 section 7.2), or whose first 1152
 * bytes are all zero: that one passes the check of FIPS 203, and everybody can compute what is sealed to it.
 */
export const checkKemKey = (key: Uint8Array): void => {
  if (key.length !== 1184) throw refused('an ML-KEM-768 key has 1184 bytes')
  let seen = 0
  for (let index = 0; index < coefficientBytes; index += 3) {
    const [x = 0, y = 0, z = 0] = [key[index], key[index + 1], key[index + 2]]
    seen |= x | y | z
    if ((x | ((y & 15) << 8)) >= modulus || ((y >> 4) | (z << 4)) >= modulus) throw refused('an ML-KEM-768 key is not reduced')
  }
  if (seen === 0) throw refused('an ML-KEM-768 key is all zero')
}

/** Refuses a P-256 point that is not 65 bytes, uncompressed and on the curve (SEC 1 section 2.3.4). */
export const checkP256Point = (point: Uint8Array): void => {
  if (point.length !== 65 || point[0] !== 4) throw refused('a P-256 point is not uncompressed')
  const [x, y] = [numberOf(point.subarray(1, 33)), numberOf(point.subarray(33, 65))]
  if (x >= p || y >= p || (y * y - (x * x * x - 3n * x + b)) % p !== 0n) throw refused('a P-256 point is not on the curve')
}
