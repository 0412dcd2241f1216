import { concat, wipe } from './codec/bytes.js'
import type { Classical } from './ports.js'

/** HKDF-Extract with SHA-256 (RFC 5869 section 2.2): 32 bytes. */
export const hkdfExtract = (classical: Classical, salt: Uint8Array, ikm: Uint8Array) => classical.hmacSha256(salt, ikm)

/** HKDF-Expand with SHA-256 (RFC 5869 section 2.3): `length` bytes, at most 8 160. */
export const hkdfExpand = async (
  classical: Classical,
  prk: Uint8Array,
  info: Uint8Array,
  length: number,
): Promise<Uint8Array> => {
  const output = new Uint8Array(length)
  let block: Uint8Array = new Uint8Array(0)
  for (let offset = 0, counter = 1; offset < length; offset += 32, counter += 1) {
    const previous = block
    block = await classical.hmacSha256(prk, concat(previous, info, Uint8Array.of(counter)))
    output.set(block.subarray(0, Math.min(32, length - offset)), offset)
    wipe(previous)
  }
  wipe(block)
  return output
}

/** `HKDF(salt, ikm, info, L)`: extract, then expand. */
export const hkdf = async (
  classical: Classical,
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
  /** Compared before decryption: AES-GCM alone does not commit to its key. */
  readonly commitment: Uint8Array
}

/** 76 bytes of HKDF as AES key 32 ‖ nonce 12 ‖ commitment 32. */
export const deriveSealKey = async (
  classical: Classical,
  salt: Uint8Array,
  ikm: Uint8Array,
  info: Uint8Array,
): Promise<SealKey> => {
  const okm = await hkdf(classical, salt, ikm, info, 76)
  const sealKey = { key: okm.slice(0, 32), nonce: okm.slice(32, 44), commitment: okm.slice(44, 76) }
  wipe(okm)
  return sealKey
}

/** One step of a chain (Double Ratchet, KDF_CK): the message key and the next chain key, 32 bytes each. */
export const stepChain = async (
  classical: Classical,
  chainKey: Uint8Array,
): Promise<{ readonly messageKey: Uint8Array; readonly next: Uint8Array }> => ({
  messageKey: await classical.hmacSha256(chainKey, Uint8Array.of(1)),
  next: await classical.hmacSha256(chainKey, Uint8Array.of(2)),
})

