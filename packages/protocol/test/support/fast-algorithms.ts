import { createCipheriv, createDecipheriv, createECDH, createHash, createHmac } from 'node:crypto'
import type { Algorithms, Classical, Signer } from '../../src/index.js'
import { type Clock, nobleKem } from './noble-algorithms.js'
import { seededRandom } from './seeded-random.js'

const digest = (...parts: readonly Uint8Array[]): Uint8Array => {
  const hash = createHash('sha256')
  for (const part of parts) hash.update(part)
  return new Uint8Array(hash.digest())
}

/**
 * No signatures at all: anybody can make these. For properties of the ratchet over hundreds of envelopes, where thirty
 * milliseconds for each Falcon signature would hide everything else. A changed bit is still noticed.
 */
const hollowSigner = (random: (length: number) => Uint8Array): Signer => {
  const sign = (publicKey: Uint8Array, message: Uint8Array): Uint8Array => {
    const signature = new Uint8Array(666)
    signature[0] = 0x39
    signature.set(digest(publicKey, message), 1)
    return signature
  }
  return {
    name: 'Falcon-512',
    publicKeyBytes: 897,
    secretKeyBytes: 1281,
    signatureBytes: 666,
    generateKeyPair: () => {
      const publicKey = random(897)
      const secretKey = new Uint8Array(1281)
      secretKey.set(publicKey)
      return { publicKey, secretKey }
    },
    sign: (secretKey, message) => sign(secretKey.slice(0, 897), message),
    verify: (publicKey, message, signature) => Buffer.from(sign(publicKey, message)).equals(signature),
  }
}

/** Real P-256 agreement, hashes and AES-GCM of Node; hollow signatures here too. */
const hollowClassical = (random: (length: number) => Uint8Array): Classical => {
  const hollow = (publicKey: Uint8Array, message: Uint8Array): Uint8Array => {
    const signature = new Uint8Array(64)
    signature.set(digest(publicKey, message))
    return signature
  }
  const scalar = (): Uint8Array => {
    const secretKey = random(32)
    secretKey[0] = 0
    secretKey[31] = (secretKey[31] as number) | 1
    return secretKey
  }
  return {
    generateP256: () => {
      const secretKey = scalar()
      const ecdh = createECDH('prime256v1')
      ecdh.setPrivateKey(secretKey)
      return { secretKey, publicKey: new Uint8Array(ecdh.getPublicKey()) }
    },
    ecdh: (own, peerPublicKey) => {
      const ecdh = createECDH('prime256v1')
      ecdh.setPrivateKey(own.secretKey)
      return new Uint8Array(ecdh.computeSecret(peerPublicKey))
    },
    ecdsaSign: (own, message) => hollow(own.publicKey, message),
    ecdsaVerify: (publicKey, message, signature) => Buffer.from(hollow(publicKey, message)).equals(signature),
    sha256: digest,
    hmacSha256: (key, data) => new Uint8Array(createHmac('sha256', key).update(data).digest()),
    aesGcmSeal: (key, nonce, aad, plaintext) => {
      const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(aad)
      return new Uint8Array(Buffer.concat([cipher.update(plaintext), cipher.final(), cipher.getAuthTag()]))
    },
    aesGcmOpen: (key, nonce, aad, sealed) => {
      const decipher = createDecipheriv('aes-256-gcm', key, nonce).setAAD(aad)
      decipher.setAuthTag(sealed.subarray(-16))
      try {
        return new Uint8Array(Buffer.concat([decipher.update(sealed.subarray(0, -16)), decipher.final()]))
      } catch {
        return null
      }
    },
  }
}

/** Everything real but the signatures, which are hollow. For properties of the ratchet and of states alone. */
export const fastAlgorithms = (seed: string, clock: Clock = { now: 1_800_000_000_000 }): Algorithms => {
  const random = seededRandom(seed)
  return {
    kem: nobleKem(random),
    signer: hollowSigner(random),
    classical: hollowClassical(random),
    randomBytes: random,
    now: () => clock.now,
  }
}
