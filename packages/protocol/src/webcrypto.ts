import { concat } from './codec/bytes.js'
import { refused } from './errors.js'
import { checkP256Point } from './key-checks.js'
import type { Classical, KeyPair } from './ports.js'

const order = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n
const halfOrder = order / 2n

const numberOf = (bytes: Uint8Array): bigint => bytes.reduce((sum, byte) => (sum << 8n) | BigInt(byte), 0n)
const scalarOf = (value: bigint): Uint8Array =>
  Uint8Array.from({ length: 32 }, (_, index) => Number((value >> BigInt(8 * (31 - index))) & 0xffn))

/** PKCS #8 (RFC 5958) around an ECPrivateKey (RFC 5915) with its public key: before, between and after both. */
const pkcs8Head = Uint8Array.from([
  0x30, 0x81, 0x87, 0x02, 0x01, 0x00, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a,
  0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x04, 0x6d, 0x30, 0x6b, 0x02, 0x01, 0x01, 0x04, 0x20,
])
const pkcs8Middle = Uint8Array.from([0xa1, 0x44, 0x03, 0x42, 0x00])
const scalarOffset = pkcs8Head.length

const own = (bytes: Uint8Array): Uint8Array<ArrayBuffer> =>
  bytes.buffer instanceof ArrayBuffer ? (bytes as Uint8Array<ArrayBuffer>) : new Uint8Array(bytes)

const exactly = (name: string, value: Uint8Array, bytes: number): void => {
  if (value.length !== bytes) throw new TypeError(`${name} must be ${bytes} bytes`)
}

/** `Classical` on WebCrypto, as browsers and Node have it. */
export const createWebCryptoClassical = (subtle: SubtleCrypto = globalThis.crypto.subtle): Classical => {
  const importPrivate = async (pair: KeyPair, name: 'ECDH' | 'ECDSA'): Promise<CryptoKey> => {
    exactly('secretKey', pair.secretKey, 32)
    const pkcs8 = concat(pkcs8Head, pair.secretKey, pkcs8Middle, pair.publicKey)
    const usages: KeyUsage[] = name === 'ECDH' ? ['deriveBits'] : ['sign']
    const key = await subtle.importKey('pkcs8', own(pkcs8), { name, namedCurve: 'P-256' }, false, usages)
    pkcs8.fill(0)
    return key
  }
  const importPublic = (point: Uint8Array, name: 'ECDH' | 'ECDSA') =>
    subtle.importKey('raw', own(point), { name, namedCurve: 'P-256' }, true, name === 'ECDH' ? [] : ['verify'])
  const importAes = (key: Uint8Array, usage: 'encrypt' | 'decrypt') => {
    exactly('key', key, 32)
    return subtle.importKey('raw', own(key), 'AES-GCM', false, [usage])
  }
  const aesGcm = (nonce: Uint8Array, aad: Uint8Array) => {
    exactly('nonce', nonce, 12)
    return { name: 'AES-GCM', iv: own(nonce), additionalData: own(aad), tagLength: 128 }
  }

  return Object.freeze({
    async generateP256() {
      const { privateKey, publicKey } = await subtle.generateKey({ name: 'ECDH', namedCurve: 'P-256' }, true, ['deriveBits'])
      const pkcs8 = new Uint8Array(await subtle.exportKey('pkcs8', privateKey))
      const secretKey = pkcs8.slice(scalarOffset, scalarOffset + 32)
      pkcs8.fill(0)
      return { publicKey: new Uint8Array(await subtle.exportKey('raw', publicKey)), secretKey }
    },
    async ecdh(pair: KeyPair, peerPublicKey: Uint8Array) {
      checkP256Point(peerPublicKey)
      const peer = await importPublic(peerPublicKey, 'ECDH')
      return new Uint8Array(await subtle.deriveBits({ name: 'ECDH', public: peer }, await importPrivate(pair, 'ECDH'), 256))
    },
    async ecdsaSign(pair: KeyPair, message: Uint8Array) {
      const key = await importPrivate(pair, 'ECDSA')
      const signature = new Uint8Array(await subtle.sign({ name: 'ECDSA', hash: 'SHA-256' }, key, own(message)))
      const s = numberOf(signature.subarray(32))
      if (s > halfOrder) signature.set(scalarOf(order - s), 32)
      return signature
    },
    async ecdsaVerify(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array) {
      if (signature.length !== 64 || numberOf(signature.subarray(32)) > halfOrder) return false
      checkP256Point(publicKey)
      const key = await importPublic(publicKey, 'ECDSA')
      return subtle.verify({ name: 'ECDSA', hash: 'SHA-256' }, key, own(signature), own(message))
    },
    async sha256(...parts: readonly Uint8Array[]) {
      return new Uint8Array(await subtle.digest('SHA-256', own(parts.length === 1 && parts[0] ? parts[0] : concat(...parts))))
    },
    async hmacSha256(key: Uint8Array, data: Uint8Array) {
      // WebCrypto refuses an empty HMAC key; HMAC fills keys with zeros to the block, so one zero byte is the same key.
      const raw = key.length === 0 ? new Uint8Array(1) : own(key)
      const imported = await subtle.importKey('raw', raw, { name: 'HMAC', hash: 'SHA-256' }, false, ['sign'])
      return new Uint8Array(await subtle.sign('HMAC', imported, own(data)))
    },
    async aesGcmSeal(key: Uint8Array, nonce: Uint8Array, aad: Uint8Array, plaintext: Uint8Array) {
      return new Uint8Array(await subtle.encrypt(aesGcm(nonce, aad), await importAes(key, 'encrypt'), own(plaintext)))
    },
    async aesGcmOpen(key: Uint8Array, nonce: Uint8Array, aad: Uint8Array, sealed: Uint8Array) {
      const parameters = aesGcm(nonce, aad)
      const imported = await importAes(key, 'decrypt')
      if (sealed.length < 16) return null
      try {
        return new Uint8Array(await subtle.decrypt(parameters, imported, own(sealed)))
      } catch (error) {
        if (error instanceof Error && error.name === 'OperationError') return null
        throw refused('the platform failed to decrypt')
      }
    },
  })
}
