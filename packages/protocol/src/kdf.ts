import { wipe } from './codec/bytes.js'
import { usage } from './errors.js'
import type { Classical } from './ports.js'

type Hmac = Pick<Classical, 'hmacSha256'>

const hashBytes = 32
const maxExpandBytes = 255 * hashBytes
const sealKeyBytes = 76
const messageKeyLabel = Uint8Array.of(1)
const chainKeyLabel = Uint8Array.of(2)

/** HKDF-Extract with SHA-256 (RFC 5869 section 2.2): 32 bytes. */
export const hkdfExtract = (classical: Hmac, salt: Uint8Array, ikm: Uint8Array) => classical.hmacSha256(salt, ikm)

/** HKDF-Expand with SHA-256 (RFC 5869 section 2.3): `length` bytes, at most 8 160; over that it throws `usage`. */
export const hkdfExpand = async (
  classical: Hmac,
  prk: Uint8Array,
  info: Uint8Array,
  length: number,
): Promise<Uint8Array> => {
  if (length > maxExpandBytes) throw usage(`HKDF gives at most ${maxExpandBytes} bytes`)
  const output = new Uint8Array(length)
  // T(i − 1) ‖ info ‖ i, in one buffer: T(0) is empty, so the first input begins behind its place.
  const input = new Uint8Array(hashBytes + info.length + 1)
  input.set(info, hashBytes)
  for (let offset = 0, counter = 1; offset < length; offset += hashBytes, counter += 1) {
    input[input.length - 1] = counter
    const block = await classical.hmacSha256(prk, offset === 0 ? input.subarray(hashBytes) : input)
    output.set(block.subarray(0, Math.min(hashBytes, length - offset)), offset)
    input.set(block)
    wipe(block)
  }
  wipe(input)
  return output
}

/** `HKDF(salt, ikm, info, L)`: extract, then expand. Does not wipe `ikm`. */
export const hkdf = async (
  classical: Hmac,
  salt: Uint8Array,
  ikm: Uint8Array,
  info: Uint8Array,
  length: number,
): Promise<Uint8Array> => {
  const prk = await hkdfExtract(classical, salt, ikm)
  const output = await hkdfExpand(classical, prk, info, length)
  wipe(prk)
  return output
}

/** What a message or a body apart is sealed with. */
export interface SealKey {
  readonly key: Uint8Array
  readonly nonce: Uint8Array
  /** Public. Compared before decryption: AES-GCM alone does not commit to its key. */
  readonly commitment: Uint8Array
}

/** 76 bytes of HKDF as AES key 32 ‖ nonce 12 ‖ commitment 32. Wipe `key` and `nonce` after use. */
export const deriveSealKey = async (
  classical: Hmac,
  salt: Uint8Array,
  ikm: Uint8Array,
  info: Uint8Array,
): Promise<SealKey> => {
  const okm = await hkdf(classical, salt, ikm, info, sealKeyBytes)
  const sealKey = { key: okm.slice(0, 32), nonce: okm.slice(32, 44), commitment: okm.slice(44, 76) }
  wipe(okm)
  return sealKey
}

/** One step of a chain (Double Ratchet section 2.2, KDF_CK): the message key and the next chain key, 32 bytes each. */
export const stepChain = async (
  classical: Hmac,
  chainKey: Uint8Array,
): Promise<{ readonly messageKey: Uint8Array; readonly next: Uint8Array }> => ({
  messageKey: await classical.hmacSha256(chainKey, messageKeyLabel),
  next: await classical.hmacSha256(chainKey, chainKeyLabel),
})
