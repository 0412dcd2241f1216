import { refused } from './errors.js'

export const kemPublicKeyBytes = 1184
export const kemCiphertextBytes = 1088

/** 768 coefficients of twelve bits; behind them stands the seed of the matrix. */
const coefficientBytes = 1152
const modulus = 3329

/**
 * Refuses an ML-KEM-768 encapsulation key with a coefficient of 3329 or more (FIPS 203 section 7.2), or whose first 1152
 * bytes are all zero: that one passes the check of FIPS 203, and everybody can compute what is sealed to it.
 */
export const checkKemKey = (key: Uint8Array): void => {
  if (key.length !== kemPublicKeyBytes) throw refused('key', 'an ML-KEM-768 key has 1184 bytes')
  let seen = 0
  for (let index = 0; index < coefficientBytes; index += 3) {
    const low = key[index] as number
    const middle = key[index + 1] as number
    const high = key[index + 2] as number
    seen |= low | middle | high
    if ((low | ((middle & 15) << 8)) >= modulus || ((middle >> 4) | (high << 4)) >= modulus) {
      throw refused('key', 'an ML-KEM-768 key is not reduced')
    }
  }
  if (seen === 0) throw refused('key', 'an ML-KEM-768 key is all zero')
}
