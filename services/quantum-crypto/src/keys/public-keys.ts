import { checkKemKey, checkP256Point, ProtocolError } from '@qsm/protocol'
import { QsmError } from '@qsm/server-kit'
import { pointOfPem } from './p256-pem.js'

const falconHeader = 0x09
const falconModulus = 12_289
const falconDegree = 512
const coefficientBits = 14

const refuse = (field: string, reason: string): QsmError =>
  new QsmError('key_refused', `${field}: ${reason}`, { details: { field } })

const refusing = (field: string, check: () => void): void => {
  try {
    check()
  } catch (error) {
    if (error instanceof ProtocolError) throw refuse(field, error.message)
    throw error
  }
}

/** Refuses an ML-KEM-768 key of 1184 bytes that is not reduced (FIPS 203 section 7.2) or all zero. */
export const requireKemKey = (field: string, key: Uint8Array): void => refusing(field, () => checkKemKey(key))

/**
 * Refuses a Falcon-512 key of 897 bytes that is none: 0x09, then 512 coefficients of 14 bits below 12 289, not all of them
 * zero (Falcon specification 1.2, section 3.11.4).
 */
export const requireFalconKey = (field: string, key: Uint8Array): void => {
  if (key[0] !== falconHeader) throw refuse(field, 'a Falcon-512 key begins with 0x09')
  let [pool, bits, seen] = [0, 0, 0]
  let left = falconDegree
  for (let index = 1; left > 0; index += 1) {
    pool = ((pool << 8) | (key[index] as number)) & 0x3f_ffff
    bits += 8
    if (bits < coefficientBits) continue
    bits -= coefficientBits
    const coefficient = (pool >> bits) & 0x3fff
    if (coefficient >= falconModulus) throw refuse(field, 'a Falcon-512 key is not reduced')
    seen |= coefficient
    left -= 1
  }
  if (seen === 0) throw refuse(field, 'a Falcon-512 key is all zero')
}

/** The point of a PEM. Throws `validation_failed` for another form, `key_refused` for a point that is not on the curve. */
export const requireP256Pem = (field: string, pem: string): Uint8Array => {
  const point = pointOfPem(pem)
  if (!point) {
    const text = `${field}: must be the PEM of an uncompressed P-256 key (BEGIN PUBLIC KEY, lines of 64 characters)`
    throw new QsmError('validation_failed', text, { details: { field } })
  }
  refusing(field, () => checkP256Point(point))
  return point
}
