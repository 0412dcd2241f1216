import type { Kem, KeyPair } from '@qsm/protocol'
import { encapsulationKey, exactBytes } from '../arguments.js'
import type { FillRandom } from '../entropy/judged.js'
import { kemSizes } from '../sizes.js'
import { startModule } from './built-module.js'
import { mlKem768Wasm } from './modules.generated.js'

const { publicKeyBytes, secretKeyBytes, ciphertextBytes, sharedSecretBytes } = kemSizes

/** d and z of a key pair; of an encapsulation only the first half, m (FIPS 203 section 7). */
const drawnBytes = 64

const startKemModule = () =>
  startModule({
    algorithm: 'ML-KEM-768',
    wasm: mlKem768Wasm,
    places: {
      public_key: publicKeyBytes,
      secret_key: secretKeyBytes,
      ciphertext: ciphertextBytes,
      shared_secret: sharedSecretBytes,
      drawn: drawnBytes,
    },
    functions: ['keypair', 'encapsulate', 'decapsulate'],
  })

/** Compares without an early end. */
const equal = (one: Uint8Array, other: Uint8Array): boolean =>
  one.reduce((difference, byte, index) => difference | (byte ^ (other[index] as number)), 0) === 0

/**
 * ML-KEM-768 (FIPS 203) of the build in `wasm/build`. Answers at once. `memory` is for tests that look for residue, `keyPairFrom` for
 * the self-test: it makes the pair of d and z, 64 bytes, and does not leave this package.
 */
export const loadBuiltKem = async (
  fillRandom: FillRandom,
): Promise<{
  readonly kem: Kem
  readonly memory: WebAssembly.Memory
  readonly keyPairFrom: (seed: Uint8Array) => KeyPair
}> => {
  const { memory, at, call, privately } = await startKemModule()
  const seedOfSecret = at.drawn.subarray(0, drawnBytes / 2)

  const seal = (): void => {
    fillRandom(seedOfSecret)
    if (call.encapsulate() === 0) throw new Error('ML-KEM-768: publicKey is not valid')
  }
  const open = (): void => {
    if (call.decapsulate() === 0) throw new Error('ML-KEM-768: secretKey is not valid')
  }
  const opensWhatItSeals = (): boolean => {
    seal()
    const sealed = at.shared_secret.slice()
    try {
      open()
      return equal(sealed, at.shared_secret)
    } finally {
      sealed.fill(0)
    }
  }

  const takePair = (): KeyPair => ({ publicKey: at.public_key.slice(), secretKey: at.secret_key.slice() })
  const keyPairFrom = (seed: Uint8Array): KeyPair =>
    privately(() => {
      at.drawn.set(exactBytes('seed', seed, drawnBytes))
      call.keypair()
      return takePair()
    })

  const kem: Kem = Object.freeze({
    name: 'ML-KEM-768',
    ...kemSizes,
    /** Each pair must open what it seals before it is given out. */
    generateKeyPair: (): KeyPair =>
      privately(() => {
        fillRandom(at.drawn)
        call.keypair()
        if (!opensWhatItSeals()) {
          throw new Error('ML-KEM-768: a new key pair does not open what it seals. Do not use this machine.')
        }
        return takePair()
      }),
    encapsulate(key: Uint8Array) {
      const checked = encapsulationKey(key)
      return privately(() => {
        at.public_key.set(checked)
        seal()
        return { ciphertext: at.ciphertext.slice(), sharedSecret: at.shared_secret.slice() }
      })
    },
    decapsulate(key: Uint8Array, sealed: Uint8Array) {
      const checkedKey = exactBytes('secretKey', key, secretKeyBytes)
      const checkedSealed = exactBytes('ciphertext', sealed, ciphertextBytes)
      return privately(() => {
        at.secret_key.set(checkedKey)
        at.ciphertext.set(checkedSealed)
        open()
        return at.shared_secret.slice()
      })
    },
  } satisfies Kem)
  return { kem, memory, keyPairFrom }
}
