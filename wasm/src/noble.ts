import { falcon512padded } from '@noble/post-quantum/falcon.js'
import { ml_kem768 } from '@noble/post-quantum/ml-kem.js'
import type { Kem, Signer } from '@qsm/protocol'
import { encapsulationKey, exactBytes, messageBytes, paddedSignature } from './arguments.js'
import { type PostQuantum, prove } from './post-quantum.js'
import { kemSizes, signerSizes } from './sizes.js'

export { AlgorithmLoadError } from './errors.js'
export type { AlgorithmReport, PostQuantum } from './post-quantum.js'

/** ML-KEM-768 (FIPS 203) in plain JavaScript. Its authors do not call it constant-time. */
const kem: Kem = Object.freeze({
  name: 'ML-KEM-768',
  ...kemSizes,
  generateKeyPair: () => ml_kem768.keygen(),
  encapsulate(publicKey: Uint8Array) {
    const { cipherText, sharedSecret } = ml_kem768.encapsulate(encapsulationKey(publicKey))
    return { ciphertext: cipherText, sharedSecret }
  },
  decapsulate(secretKey: Uint8Array, ciphertext: Uint8Array) {
    const key = exactBytes('secretKey', secretKey, kemSizes.secretKeyBytes)
    return ml_kem768.decapsulate(exactBytes('ciphertext', ciphertext, kemSizes.ciphertextBytes), key)
  },
})

/** Falcon-512 (round 3) in plain JavaScript with native floating point, in the padded form. */
const signer: Signer = Object.freeze({
  name: 'Falcon-512',
  ...signerSizes,
  generateKeyPair: () => falcon512padded.keygen(),
  sign(secretKey: Uint8Array, message: Uint8Array) {
    const key = exactBytes('secretKey', secretKey, signerSizes.secretKeyBytes)
    return falcon512padded.sign(messageBytes(message), key)
  },
  verify(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array) {
    const key = exactBytes('publicKey', publicKey, signerSizes.publicKeyBytes)
    const text = messageBytes(message)
    const padded = paddedSignature(signature)
    return padded !== null && falcon512padded.verify(padded, text, key)
  },
})

let loaded: Promise<PostQuantum> | undefined

/**
 * The same algorithms of @noble/post-quantum, without WASM: for browsers, and as the other opinion in tests. Throws
 * `AlgorithmLoadError` when a known answer does not come out.
 */
export const loadPostQuantum = (): Promise<PostQuantum> => {
  loaded ??= prove({
    library: '@noble/post-quantum',
    version: '0.7.1',
    kem,
    signer,
    wasmSha256: { kem: null, signer: null },
    fillRandom: target => globalThis.crypto.getRandomValues(target as Uint8Array<ArrayBuffer>),
    begunAtMs: performance.now(),
    remedy: 'Nothing is encrypted here. Load the page again, and if that does not help, use another browser.',
  })
  return loaded
}
