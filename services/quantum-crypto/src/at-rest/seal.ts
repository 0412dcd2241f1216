import { createCipheriv, createDecipheriv, createHmac, randomBytes } from 'node:crypto'
import { AtRestError, type AtRestReason } from './key-encryption-key.js'

const version = 1
const saltBytes = 32
const nonceBytes = 12
const tagBytes = 16
const headBytes = 1 + saltBytes

const hmac = (key: Uint8Array, ...parts: readonly Uint8Array[]): Buffer => {
  const mac = createHmac('sha256', key)
  for (const part of parts) mac.update(part)
  return mac.digest()
}

/**
 * A key and a nonce for this one sealing: no bound on how often a key may seal. HKDF-SHA-256 (RFC 5869) of 44 bytes, T(1) being
 * the key and T(2) beginning with the nonce; `hkdfSync` takes half as long again, with a key object and a job for each call.
 */
const derive = (key: Uint8Array, salt: Uint8Array, context: Uint8Array) => {
  const prk = hmac(salt, key)
  const first = hmac(prk, context, Uint8Array.of(1))
  const second = hmac(prk, first, context, Uint8Array.of(2))
  prk.fill(0)
  return {
    key: first,
    nonce: second.subarray(0, nonceBytes),
    wipe() {
      first.fill(0)
      second.fill(0)
    },
  }
}

/**
 * Seals bytes under a 32-byte key: `version 1 ‖ salt 32 ‖ AES-256-GCM ‖ tag 16`, the context being bound by the derivation
 * and as associated data.
 */
export const sealAtRest = (key: Uint8Array, context: Uint8Array, plaintext: Uint8Array): Uint8Array => {
  const salt = randomBytes(saltBytes)
  const derived = derive(key, salt, context)
  try {
    const cipher = createCipheriv('aes-256-gcm', derived.key, derived.nonce)
    cipher.setAAD(context)
    const sealed = new Uint8Array(headBytes + plaintext.length + tagBytes)
    sealed[0] = version
    sealed.set(salt, 1)
    sealed.set(cipher.update(plaintext), headBytes)
    cipher.final() // Empty: GCM has no blocks to fill.
    sealed.set(cipher.getAuthTag(), headBytes + plaintext.length)
    return sealed
  } finally {
    derived.wipe()
  }
}

/** The bytes that were sealed, the caller's to wipe. Throws `AtRestError` with `reason` for another key, context or byte. */
export const openAtRest = (
  key: Uint8Array,
  context: Uint8Array,
  sealed: Uint8Array,
  reason: AtRestReason = 'open_failed',
): Uint8Array => {
  if (sealed.length < headBytes + tagBytes || sealed[0] !== version) {
    throw new AtRestError('malformed', 'a stored value has no form that this version knows')
  }
  const derived = derive(key, sealed.subarray(1, headBytes), context)
  const decipher = createDecipheriv('aes-256-gcm', derived.key, derived.nonce)
  derived.wipe()
  decipher.setAAD(context)
  decipher.setAuthTag(sealed.subarray(sealed.length - tagBytes))
  const opened = decipher.update(sealed.subarray(headBytes, sealed.length - tagBytes))
  try {
    decipher.final()
  } catch {
    opened.fill(0)
    throw new AtRestError(reason, 'a stored value was changed, or does not belong in its place')
  }
  // The memory is its own. No Buffer: a slice of one would not be a copy.
  return new Uint8Array(opened.buffer, opened.byteOffset, opened.length)
}
