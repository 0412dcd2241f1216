import { falcon512padded } from '@noble/post-quantum/falcon.js'
import { ml_kem768 } from '@noble/post-quantum/ml-kem.js'
import type { Kem, Signer } from '@qsm/protocol'
import { allZero, boundedBytes, exactBytes } from './bytes.js'
import { AlgorithmLoadError } from './errors.js'
import { kemSizes, maxMessageBytes, signerSizes } from './sizes.js'
import type { AlgorithmReport } from './report.js'
import { testKem, testSigner } from './self-test.js'

/** ML-KEM-768 in plain JavaScript. Not constant-time, as its authors say. */
const kem: Kem = Object.freeze({
  name: 'ML-KEM-768',
  ...kemSizes,
  generateKeyPair: () => ml_kem768.keygen(),
  encapsulate: (publicKey: Uint8Array) => {
    const key = exactBytes('publicKey', publicKey, kemSizes.publicKeyBytes)
    if (allZero(key, 1152)) throw new TypeError('publicKey is all zero: everybody could read what it seals')
    const { cipherText, sharedSecret } = ml_kem768.encapsulate(key)
    return { ciphertext: cipherText, sharedSecret }
  },
  decapsulate: (secretKey: Uint8Array, ciphertext: Uint8Array) =>
    ml_kem768.decapsulate(
      exactBytes('ciphertext', ciphertext, kemSizes.ciphertextBytes),
      exactBytes('secretKey', secretKey, kemSizes.secretKeyBytes),
    ),
})

/** Falcon-512 (round 3) in plain JavaScript, padded form. */
const signer: Signer = Object.freeze({
  name: 'Falcon-512',
  ...signerSizes,
  generateKeyPair: () => falcon512padded.keygen(),
  sign: (secretKey: Uint8Array, message: Uint8Array) =>
    falcon512padded.sign(
      boundedBytes('message', message, maxMessageBytes),
      exactBytes('secretKey', secretKey, signerSizes.secretKeyBytes),
    ),
  verify: (publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array) => {
    const key = exactBytes('publicKey', publicKey, signerSizes.publicKeyBytes)
    const text = boundedBytes('message', message, maxMessageBytes)
    if (!(signature instanceof Uint8Array)) throw new TypeError('signature must be a Uint8Array')
    if (signature.length !== signerSizes.signatureBytes || signature[0] !== 0x39) return false
    try {
      return falcon512padded.verify(signature, text, key)
    } catch {
      return false // A signature that cannot be decoded does not hold.
    }
  },
})

export interface PostQuantum {
  readonly kem: Kem
  readonly signer: Signer
  readonly report: AlgorithmReport
}

let loaded: Promise<PostQuantum> | null = null

const load = async (): Promise<PostQuantum> => {
  const begun = performance.now()
  const checks = [...(await testKem(kem)), ...(await testSigner(signer))]
  const failed = checks.filter(check => !check.passed).map(check => check.name)
  if (failed.length > 0) throw new AlgorithmLoadError(`The self-test failed: ${failed.join(', ')}. Load the page again.`)
  const report: AlgorithmReport = {
    library: '@noble/post-quantum',
    version: '0.7.1',
    audited: false,
    algorithms: [
      { name: kem.name, kind: 'kem', sizes: kemSizes, wasmSha256: null },
      { name: signer.name, kind: 'signature', sizes: signerSizes, wasmSha256: null },
    ],
    selfTest: { passed: true, checks },
    loadMs: Math.round(performance.now() - begun),
  }
  return Object.freeze({ kem, signer, report })
}

/** The provider for browsers and the oracle of tests: the same interface, no WASM. */
export const loadPostQuantum = (): Promise<PostQuantum> => {
  loaded ??= load()
  return loaded
}
