import {
  createCipheriv,
  createDecipheriv,
  createECDH,
  createHash,
  createHmac,
  createPrivateKey,
  createPublicKey,
  createVerify,
  ECDH,
  type KeyObject,
  sign,
  type VerifyKeyObjectInput,
} from 'node:crypto'
import type { Classical, KeyPair } from '@qsm/protocol'

const curve = 'prime256v1'
const order = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n
const halfOrder = order / 2n
const maxCachedKeys = 4_096

const exactly = (name: string, value: Uint8Array, bytes: number): void => {
  if (!(value instanceof Uint8Array) || value.length !== bytes) throw new TypeError(`${name} must be ${bytes} bytes`)
}

const numberOf = (bytes: Uint8Array): bigint => BigInt(`0x${Buffer.from(bytes).toString('hex')}`)
const scalarBytes = (value: bigint): Buffer => Buffer.from(value.toString(16).padStart(64, '0'), 'hex')
const zeroBytes = scalarBytes(0n)
const orderBytes = scalarBytes(order)
const halfOrderBytes = scalarBytes(halfOrder)

/** SubjectPublicKeyInfo of an uncompressed P-256 point, before its 65 bytes (RFC 5480). */
const spkiHead = Buffer.from('3059301306072a8648ce3d020106082a8648ce3d030107034200', 'hex')

/** An ECPrivateKey (RFC 5915) on P-256: what stands before the scalar and between it and the public point. */
const sec1Head = Buffer.from('30770201010420', 'hex')
const sec1Middle = Buffer.from('a00a06082a8648ce3d030107a144034200', 'hex')

/** Throws for a point that is not 65 bytes, uncompressed and on the curve (SEC 1 section 2.3.4). */
const checkPoint = (point: Uint8Array): void => {
  exactly('publicKey', point, 65)
  if (point[0] !== 4) throw new TypeError('publicKey must be an uncompressed point')
  ECDH.convertKey(point, curve, undefined, undefined, 'uncompressed')
}

const importPublicKey = (point: Uint8Array): KeyObject => {
  checkPoint(point)
  return createPublicKey({ key: Buffer.concat([spkiHead, point]), format: 'der', type: 'spki' })
}

/** As DER and not as JWK: the scalar never becomes a text, which nobody can wipe. */
const importPrivateKey = (own: KeyPair): KeyObject => {
  exactly('secretKey', own.secretKey, 32)
  exactly('publicKey', own.publicKey, 65)
  // OpenSSL takes any number here. Compared as bytes: neither a text nor a big number of it could be wiped.
  if (Buffer.compare(own.secretKey, zeroBytes) === 0 || Buffer.compare(own.secretKey, orderBytes) >= 0) {
    throw new TypeError('secretKey must be from 1 to the order of P-256, less one')
  }
  const key = Buffer.concat([sec1Head, own.secretKey, sec1Middle, own.publicKey])
  try {
    return createPrivateKey({ key, format: 'der', type: 'sec1' })
  } finally {
    key.fill(0)
  }
}

/**
 * P-256, SHA-256, HMAC and AES-256-GCM of `node:crypto`, all at once rather than later: for a server that verifies many
 * signatures, this costs half of what WebCrypto does. Public keys are kept, since importing one costs more than a check.
 */
export const createNodeClassical = (): Classical => {
  const keys = new Map<string, VerifyKeyObjectInput>()

  const publicKeyOf = (point: Uint8Array): VerifyKeyObjectInput => {
    const name = Buffer.from(point.buffer, point.byteOffset, point.byteLength).toString('latin1')
    const known = keys.get(name)
    const key = known ?? { key: importPublicKey(point), dsaEncoding: 'ieee-p1363' }
    // Set anew, so that the least recently used one stands first.
    if (known) keys.delete(name)
    else if (keys.size >= maxCachedKeys) keys.delete(keys.keys().next().value as string)
    keys.set(name, key)
    return key
  }

  return Object.freeze({
    generateP256() {
      const ecdh = createECDH(curve)
      const publicKey = new Uint8Array(ecdh.generateKeys())
      const secret = ecdh.getPrivateKey()
      const secretKey = new Uint8Array(32)
      secretKey.set(secret, 32 - secret.length)
      secret.fill(0)
      return { publicKey, secretKey }
    },
    ecdh(own: KeyPair, peerPublicKey: Uint8Array) {
      exactly('secretKey', own.secretKey, 32)
      checkPoint(peerPublicKey)
      const ecdh = createECDH(curve)
      ecdh.setPrivateKey(own.secretKey)
      const secret = ecdh.computeSecret(peerPublicKey)
      const copy = new Uint8Array(secret)
      secret.fill(0)
      return copy
    },
    ecdsaSign(own: KeyPair, message: Uint8Array) {
      const signature = sign('sha256', message, { key: importPrivateKey(own), dsaEncoding: 'ieee-p1363' })
      const s = signature.subarray(32)
      if (Buffer.compare(s, halfOrderBytes) > 0) s.set(scalarBytes(order - numberOf(s)))
      return new Uint8Array(signature)
    },
    ecdsaVerify(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array) {
      if (signature.length !== 64 || Buffer.compare(signature.subarray(32), halfOrderBytes) > 0) return false
      // About 5 % cheaper than `verify` of the same module.
      return createVerify('sha256').update(message).verify(publicKeyOf(publicKey), signature)
    },
    sha256(...parts: readonly Uint8Array[]) {
      const hash = createHash('sha256')
      for (const part of parts) hash.update(part)
      return new Uint8Array(hash.digest())
    },
    hmacSha256(key: Uint8Array, data: Uint8Array) {
      return new Uint8Array(createHmac('sha256', key).update(data).digest())
    },
    aesGcmSeal(key: Uint8Array, nonce: Uint8Array, aad: Uint8Array, plaintext: Uint8Array) {
      exactly('key', key, 32)
      exactly('nonce', nonce, 12)
      const cipher = createCipheriv('aes-256-gcm', key, nonce)
      cipher.setAAD(aad)
      return new Uint8Array(Buffer.concat([cipher.update(plaintext), cipher.final(), cipher.getAuthTag()]))
    },
    aesGcmOpen(key: Uint8Array, nonce: Uint8Array, aad: Uint8Array, sealed: Uint8Array) {
      exactly('key', key, 32)
      exactly('nonce', nonce, 12)
      if (sealed.length < 16) return null
      const decipher = createDecipheriv('aes-256-gcm', key, nonce)
      decipher.setAAD(aad)
      decipher.setAuthTag(sealed.subarray(sealed.length - 16))
      const opened = decipher.update(sealed.subarray(0, sealed.length - 16))
      try {
        return new Uint8Array(Buffer.concat([opened, decipher.final()]))
      } catch {
        opened.fill(0) // Bytes of a text whose tag does not hold are not to be kept.
        return null
      }
    },
  })
}
