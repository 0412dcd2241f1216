import { concat, wipe } from './codec/bytes.js'
import { usage } from './errors.js'
import { checkP256Point, isLowS, lowerS } from './p256.js'
import type { Classical, KeyPair } from './ports.js'

/**
 * PKCS #8 (RFC 5958) around an ECPrivateKey (RFC 5915) with its public key: what stands before the scalar, and what between
 * it and the point. WebCrypto takes raw points, but no raw scalars.
 */
const pkcs8Head = Uint8Array.from([
  0x30, 0x81, 0x87, 0x02, 0x01, 0x00, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08,
  0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x04, 0x6d, 0x30, 0x6b, 0x02, 0x01, 0x01, 0x04, 0x20,
])
const pkcs8Middle = Uint8Array.from([0xa1, 0x44, 0x03, 0x42, 0x00])
/** ECPrivateKey version 1, then an OCTET STRING of 32 bytes: the scalar follows, whatever stands before. */
const scalarMark = pkcs8Head.subarray(-5)

const scalarIn = (pkcs8: Uint8Array): Uint8Array => {
  const at = pkcs8.findIndex((_, index) => scalarMark.every((byte, offset) => pkcs8[index + offset] === byte))
  if (at < 0) throw new Error('the platform exports P-256 keys in a form that is not known here')
  return pkcs8.slice(at + scalarMark.length, at + scalarMark.length + 32)
}

/** WebCrypto takes no views on shared memory; everything else goes in as it is. */
const own = (bytes: Uint8Array): Uint8Array<ArrayBuffer> =>
  bytes.buffer instanceof ArrayBuffer ? (bytes as Uint8Array<ArrayBuffer>) : new Uint8Array(bytes)

const exactly = (name: string, value: Uint8Array, bytes: number): void => {
  if (value.length !== bytes) throw usage(`${name} must be ${bytes} bytes`)
}

const platformSubtle = (): SubtleCrypto => {
  const subtle = globalThis.crypto?.subtle
  if (!subtle) throw usage('this platform has no WebCrypto: a page needs https or localhost for it')
  return subtle
}

/** P-256 with private keys as raw scalars of 32 bytes; signatures r‖s with the low s (FIPS 186-5). */
const p256Of = (subtle: SubtleCrypto) => {
  const importPrivate = async (pair: KeyPair, name: 'ECDH' | 'ECDSA'): Promise<CryptoKey> => {
    exactly('secretKey', pair.secretKey, 32)
    const pkcs8 = concat(pkcs8Head, pair.secretKey, pkcs8Middle, pair.publicKey)
    try {
      const usages: KeyUsage[] = name === 'ECDH' ? ['deriveBits'] : ['sign']
      return await subtle.importKey('pkcs8', own(pkcs8), { name, namedCurve: 'P-256' }, false, usages)
    } finally {
      wipe(pkcs8)
    }
  }
  const importPublic = (point: Uint8Array, name: 'ECDH' | 'ECDSA') =>
    subtle.importKey('raw', own(point), { name, namedCurve: 'P-256' }, true, name === 'ECDH' ? [] : ['verify'])

  return {
    async generateP256(): Promise<KeyPair> {
      const { privateKey, publicKey } = await subtle.generateKey({ name: 'ECDH', namedCurve: 'P-256' }, true, [
        'deriveBits',
      ])
      const pkcs8 = new Uint8Array(await subtle.exportKey('pkcs8', privateKey))
      const secretKey = scalarIn(pkcs8)
      wipe(pkcs8)
      return { publicKey: new Uint8Array(await subtle.exportKey('raw', publicKey)), secretKey }
    },
    async ecdh(pair: KeyPair, peerPublicKey: Uint8Array): Promise<Uint8Array> {
      checkP256Point(peerPublicKey)
      const peer = await importPublic(peerPublicKey, 'ECDH')
      return new Uint8Array(
        await subtle.deriveBits({ name: 'ECDH', public: peer }, await importPrivate(pair, 'ECDH'), 256),
      )
    },
    async ecdsaSign(pair: KeyPair, message: Uint8Array): Promise<Uint8Array> {
      const key = await importPrivate(pair, 'ECDSA')
      const signature = new Uint8Array(await subtle.sign({ name: 'ECDSA', hash: 'SHA-256' }, key, own(message)))
      lowerS(signature)
      return signature
    },
    async ecdsaVerify(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): Promise<boolean> {
      if (signature.length !== 64 || !isLowS(signature)) return false
      checkP256Point(publicKey)
      const key = await importPublic(publicKey, 'ECDSA')
      return subtle.verify({ name: 'ECDSA', hash: 'SHA-256' }, key, own(signature), own(message))
    },
  }
}

/** SHA-256 (FIPS 180-4) and HMAC (RFC 2104). */
const hashesOf = (subtle: SubtleCrypto) => ({
  async sha256(...parts: readonly Uint8Array[]): Promise<Uint8Array> {
    const [only] = parts
    return new Uint8Array(await subtle.digest('SHA-256', own(parts.length === 1 && only ? only : concat(...parts))))
  },
  async hmacSha256(key: Uint8Array, data: Uint8Array): Promise<Uint8Array> {
    // WebCrypto refuses an empty HMAC key; HMAC fills keys with zeros to the block, so one zero byte is the same key.
    const raw = key.length === 0 ? new Uint8Array(1) : own(key)
    const imported = await subtle.importKey('raw', raw, { name: 'HMAC', hash: 'SHA-256' }, false, ['sign'])
    return new Uint8Array(await subtle.sign('HMAC', imported, own(data)))
  },
})

/** AES-256-GCM (SP 800-38D) with a nonce of 12 bytes and a tag of 16. */
const aesGcmOf = (subtle: SubtleCrypto) => {
  const importKey = (key: Uint8Array, use: 'encrypt' | 'decrypt') => {
    exactly('key', key, 32)
    return subtle.importKey('raw', own(key), 'AES-GCM', false, [use])
  }
  const parametersOf = (nonce: Uint8Array, aad: Uint8Array) => {
    exactly('nonce', nonce, 12)
    return { name: 'AES-GCM', iv: own(nonce), additionalData: own(aad), tagLength: 128 }
  }
  return {
    async aesGcmSeal(key: Uint8Array, nonce: Uint8Array, aad: Uint8Array, plaintext: Uint8Array): Promise<Uint8Array> {
      return new Uint8Array(
        await subtle.encrypt(parametersOf(nonce, aad), await importKey(key, 'encrypt'), own(plaintext)),
      )
    },
    async aesGcmOpen(
      key: Uint8Array,
      nonce: Uint8Array,
      aad: Uint8Array,
      sealed: Uint8Array,
    ): Promise<Uint8Array | null> {
      const parameters = parametersOf(nonce, aad)
      const imported = await importKey(key, 'decrypt')
      if (sealed.length < 16) return null
      try {
        return new Uint8Array(await subtle.decrypt(parameters, imported, own(sealed)))
      } catch (error) {
        if (error instanceof Error && error.name === 'OperationError') return null
        throw error
      }
    },
  }
}

/** `Classical` on WebCrypto, as browsers have it, and Node from version 20 on as `globalThis.crypto`. */
export const createWebCryptoClassical = (subtle: SubtleCrypto = platformSubtle()): Classical =>
  Object.freeze({ ...p256Of(subtle), ...hashesOf(subtle), ...aesGcmOf(subtle) })
