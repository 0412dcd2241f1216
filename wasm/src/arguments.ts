import { kemSizes, maxMessageBytes, signerSizes } from './sizes.js'

/** t, the part of an ML-KEM-768 encapsulation key before the seed of its matrix (FIPS 203 section 5.1). */
const keyVectorBytes = 1152
/** 0x30 for a compressed signature, 9 for degree 2⁹ (Falcon round 3, section 3.11.3). */
const signatureHeader = 0x39

/** Also true for arrays of another realm, which `instanceof` would refuse. */
const isBytes = (value: unknown): value is Uint8Array =>
  ArrayBuffer.isView(value) && Object.prototype.toString.call(value) === '[object Uint8Array]'

/** The same memory, not a copy: of a `Buffer` or a subclass only the plain bytes go on. */
const plainView = (bytes: Uint8Array): Uint8Array => new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength)

/**
 * Takes a `Uint8Array` (or a `Buffer`) of exactly `length` bytes. Anything else is a `TypeError` that names the argument:
 * the library takes a string for that many zero bytes.
 */
export const exactBytes = (name: string, value: unknown, length: number): Uint8Array => {
  if (!isBytes(value)) throw new TypeError(`${name} must be a Uint8Array of ${length} bytes`)
  const bytes = plainView(value)
  if (bytes.length !== length) throw new TypeError(`${name} must be ${length} bytes, not ${bytes.length}`)
  return bytes
}

/** A message to sign or verify: at most 262 144 bytes, so that the memory of the library never grows. */
export const messageBytes = (value: unknown): Uint8Array => {
  if (!isBytes(value)) throw new TypeError(`message must be a Uint8Array of at most ${maxMessageBytes} bytes`)
  const bytes = plainView(value)
  if (bytes.length > maxMessageBytes) {
    throw new TypeError(`message must be at most ${maxMessageBytes} bytes, not ${bytes.length}`)
  }
  return bytes
}

/** An ML-KEM-768 public key that is not all zero: FIPS 203 allows such a key, and anybody could open what it seals. */
export const encapsulationKey = (value: unknown): Uint8Array => {
  const key = exactBytes('publicKey', value, kemSizes.publicKeyBytes)
  if (key.subarray(0, keyVectorBytes).every(byte => byte === 0)) {
    throw new TypeError('publicKey is all zero: anybody could open what it seals')
  }
  return key
}

/**
 * A signature in its one form of 666 bytes with its header byte; null for any other bytes, which no key can have signed.
 * The library itself would also take the shorter form: two encodings of one signature.
 */
export const paddedSignature = (value: unknown): Uint8Array | null => {
  if (!isBytes(value)) throw new TypeError(`signature must be a Uint8Array of ${signerSizes.signatureBytes} bytes`)
  const bytes = plainView(value)
  return bytes.length === signerSizes.signatureBytes && bytes[0] === signatureHeader ? bytes : null
}
