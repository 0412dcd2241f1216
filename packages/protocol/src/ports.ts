/**
 * What QSM/1 needs from the outside: algorithms, randomness and time. They are handed in, so that the same code runs in
 * a browser, in Node and in tests with fixed randomness. All lengths are bytes.
 */

/** Node's built-in algorithms answer at once, WebCrypto later; callers await both. */
export type Awaitable<T> = T | Promise<T>

/** A key pair of raw bytes. `secretKey` is wiped by its owner. */
export interface KeyPair {
  readonly publicKey: Uint8Array
  readonly secretKey: Uint8Array
}

/** ML-KEM-768 (FIPS 203). Every argument is a plain `Uint8Array` of exactly the stated length, or the call throws. */
export interface Kem {
  readonly name: 'ML-KEM-768'
  readonly publicKeyBytes: 1184
  readonly secretKeyBytes: 2400
  readonly ciphertextBytes: 1088
  readonly sharedSecretBytes: 32
  generateKeyPair(): Awaitable<KeyPair>
  /** Throws for a key with a coefficient of 3329 or more, and for one whose first 1152 bytes are all zero. */
  encapsulate(publicKey: Uint8Array): Awaitable<{ readonly ciphertext: Uint8Array; readonly sharedSecret: Uint8Array }>
  /** Never fails for a wrong ciphertext: it then gives another secret (implicit rejection, FIPS 203 section 6.3). */
  decapsulate(secretKey: Uint8Array, ciphertext: Uint8Array): Awaitable<Uint8Array>
}

/** Falcon-512, round 3, in the padded form: 0x39, a salt of 40 bytes, the compressed part, zeros up to 666 bytes. */
export interface Signer {
  readonly name: 'Falcon-512'
  readonly publicKeyBytes: 897
  readonly secretKeyBytes: 1281
  readonly signatureBytes: 666
  generateKeyPair(): Awaitable<KeyPair>
  sign(secretKey: Uint8Array, message: Uint8Array): Awaitable<Uint8Array>
  /** False for any signature that does not hold, of whatever length; throws only for a key of a wrong length. */
  verify(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): Awaitable<boolean>
}

/** P-256, SHA-256 and AES-256-GCM of the platform. Points are 65 bytes uncompressed, scalars 32, signatures r‖s 64. */
export interface Classical {
  generateP256(): Awaitable<KeyPair>
  /** ECDH: the 32-byte X. Throws for a peer point that is not on the curve. */
  ecdh(own: KeyPair, peerPublicKey: Uint8Array): Awaitable<Uint8Array>
  /** ECDSA-P256-SHA256, with s at most half the order. */
  ecdsaSign(own: KeyPair, message: Uint8Array): Awaitable<Uint8Array>
  /** False for a signature that does not hold or has a high s. */
  ecdsaVerify(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): Awaitable<boolean>
  sha256(...parts: readonly Uint8Array[]): Awaitable<Uint8Array>
  hmacSha256(key: Uint8Array, data: Uint8Array): Awaitable<Uint8Array>
  /** AES-256-GCM: ciphertext ‖ tag 16. Nonces are exactly 12 bytes. */
  aesGcmSeal(key: Uint8Array, nonce: Uint8Array, aad: Uint8Array, plaintext: Uint8Array): Awaitable<Uint8Array>
  /** Null where the tag does not hold. */
  aesGcmOpen(key: Uint8Array, nonce: Uint8Array, aad: Uint8Array, sealed: Uint8Array): Awaitable<Uint8Array | null>
}

/** Everything that a QSM/1 party is handed. */
export interface Algorithms {
  readonly kem: Kem
  readonly signer: Signer
  readonly classical: Classical
  /** Fresh random bytes from the platform's generator. */
  randomBytes(length: number): Uint8Array
  /** Milliseconds since 1970. */
  now(): number
}
