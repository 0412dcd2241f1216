import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto'
import { AtRestError, type AtRestReason } from './key-encryption-key.js'

const version = 1
const saltBytes = 32
const keyBytes = 32
const nonceBytes = 12
const tagBytes = 16
const headBytes = 1 + saltBytes

/** A key and a nonce for this one sealing (RFC 5869): no bound on how often a key may seal. */
const derive = (key: Uint8Array, salt: Uint8Array, context: Uint8Array): Buffer =>
  Buffer.from(hkdfSync('sha256', key, salt, context, keyBytes + nonceBytes))

/**
 * Seals bytes under a 32-byte key: `version 1 ‖ salt 32 ‖ AES-256-GCM ‖ tag 16`, the context being bound by the derivation
 * and as associated data.
 */
export const sealAtRest = (key: Uint8Array, context: Uint8Array, plaintext: Uint8Array): Uint8Array => {
  const salt = randomBytes(saltBytes)
  const derived = derive(key, salt, context)
  try {
    const cipher = createCipheriv('aes-256-gcm', derived.subarray(0, keyBytes), derived.subarray(keyBytes))
    cipher.setAAD(context)
    const head = Buffer.concat([Buffer.from([version]), salt])
    return new Uint8Array(Buffer.concat([head, cipher.update(plaintext), cipher.final(), cipher.getAuthTag()]))
  } finally {
    derived.fill(0)
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
  const decipher = createDecipheriv('aes-256-gcm', derived.subarray(0, keyBytes), derived.subarray(keyBytes))
  derived.fill(0)
  decipher.setAAD(context)
  decipher.setAuthTag(sealed.subarray(sealed.length - tagBytes))
  const opened = decipher.update(sealed.subarray(headBytes, sealed.length - tagBytes))
  try {
    decipher.final()
    return new Uint8Array(opened)
  } catch {
    throw new AtRestError(reason, 'a stored value was changed, or does not belong in its place')
  } finally {
    opened.fill(0)
  }
}
