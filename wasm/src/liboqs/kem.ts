import type { Kem, KeyPair } from '@qsm/protocol'
import { encapsulationKey, exactBytes } from '../arguments.js'
import { kemSizes } from '../sizes.js'
import { instantiate, type LiboqsModule } from './instantiate.js'
import { reserveMemory, withCString } from './module-memory.js'
import { type KemExport, kemModule } from './pinned-modules.js'

const { publicKeyBytes, secretKeyBytes, ciphertextBytes, sharedSecretBytes } = kemSizes

/** ML-KEM-768 (FIPS 203) on an instance of the library. Answers at once. */
const createKem = (module: LiboqsModule<KemExport>): Kem => {
  const { call } = module
  const algorithm = withCString(module, kemModule.algorithm, call.create)
  const memory = reserveMemory(module, {
    publicKey: publicKeyBytes,
    secretKey: secretKeyBytes,
    ciphertext: ciphertextBytes,
    sharedSecret: sharedSecretBytes,
    openedSecret: sharedSecretBytes,
  })
  const { publicKey, secretKey, ciphertext, sharedSecret, openedSecret } = memory.at

  const succeed = (status: number, failure: string): void => {
    if (status !== 0) throw new Error(`ML-KEM-768: ${failure}`)
  }
  const seal = () => succeed(call.encapsulate(algorithm, ciphertext, sharedSecret, publicKey), 'publicKey is not valid')
  const open = (target: number) =>
    succeed(call.decapsulate(algorithm, target, ciphertext, secretKey), 'secretKey is not valid')

  return Object.freeze({
    name: 'ML-KEM-768',
    ...kemSizes,
    /** Each pair must open what it seals before it is given out. */
    generateKeyPair: (): KeyPair =>
      memory.privately(() => {
        succeed(call.keypair(algorithm, publicKey, secretKey), 'no key pair could be made')
        seal()
        open(openedSecret)
        if (!memory.equal(sharedSecret, openedSecret, sharedSecretBytes)) {
          throw new Error('ML-KEM-768: a new key pair does not open what it seals. Do not use this machine.')
        }
        return { publicKey: memory.read(publicKey, publicKeyBytes), secretKey: memory.read(secretKey, secretKeyBytes) }
      }),
    encapsulate(key: Uint8Array) {
      const checked = encapsulationKey(key)
      return memory.privately(() => {
        memory.write(publicKey, checked)
        seal()
        return {
          ciphertext: memory.read(ciphertext, ciphertextBytes),
          sharedSecret: memory.read(sharedSecret, sharedSecretBytes),
        }
      })
    },
    decapsulate(key: Uint8Array, sealed: Uint8Array) {
      const [checkedKey, checkedSealed] = [
        exactBytes('secretKey', key, secretKeyBytes),
        exactBytes('ciphertext', sealed, ciphertextBytes),
      ]
      return memory.privately(() => {
        memory.write(secretKey, checkedKey)
        memory.write(ciphertext, checkedSealed)
        open(sharedSecret)
        return memory.read(sharedSecret, sharedSecretBytes)
      })
    },
  } satisfies Kem)
}

/** Loads the module. `memory` is for tests that look for residue. Throws `AlgorithmLoadError` for other bytes. */
export const loadLiboqsKem = async (): Promise<{ readonly kem: Kem; readonly memory: WebAssembly.Memory }> => {
  const module = await instantiate(kemModule)
  return { kem: createKem(module), memory: module.memory }
}
