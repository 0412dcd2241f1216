import type { Kem } from '@qsm/protocol'
import { allZero, exactBytes } from './bytes.js'
import { type LiboqsModule, loadModule, withCString } from './module.js'
import { pinnedModules } from './pinned-modules.js'
import { kemSizes } from './sizes.js'
import { WipedMemory } from './wiped-memory.js'

interface KemModule extends LiboqsModule {
  _OQS_KEM_new(name: number): number
  _OQS_KEM_keypair(kem: number, publicKey: number, secretKey: number): number
  _OQS_KEM_encaps(kem: number, ciphertext: number, sharedSecret: number, publicKey: number): number
  _OQS_KEM_decaps(kem: number, sharedSecret: number, ciphertext: number, secretKey: number): number
}

/** The part of an encapsulation key that is not the seed of its matrix; all zero, it would let anyone read. */
const zeroCheckedBytes = 1152

/** ML-KEM-768 (FIPS 203) over the liboqs build. `heap` is for tests that look for residue. */
export const loadLiboqsKem = async (): Promise<{ readonly kem: Kem; readonly heap: () => Uint8Array }> => {
  const module = await loadModule<KemModule>(pinnedModules.kem)
  const memory = new WipedMemory(module)
  const handle = withCString(module, 'ML-KEM-768', name => module._OQS_KEM_new(name))
  if (handle === 0) throw new Error('liboqs has no ML-KEM-768')
  const publicKeyAt = memory.reserve(kemSizes.publicKeyBytes)
  const secretKeyAt = memory.reserve(kemSizes.secretKeyBytes)
  const ciphertextAt = memory.reserve(kemSizes.ciphertextBytes)
  const sharedSecretAt = memory.reserve(kemSizes.sharedSecretBytes)

  const succeed = (status: number, what: string) => {
    if (status !== 0) throw new Error(`ML-KEM-768: ${what} (status ${status})`)
  }

  const kem: Kem = Object.freeze({
    name: 'ML-KEM-768',
    ...kemSizes,
    generateKeyPair: () =>
      memory.private(() => {
        succeed(module._OQS_KEM_keypair(handle, publicKeyAt, secretKeyAt), 'no key pair could be made')
        return {
          publicKey: memory.read(publicKeyAt, kemSizes.publicKeyBytes),
          secretKey: memory.read(secretKeyAt, kemSizes.secretKeyBytes),
        }
      }),
    encapsulate: (publicKey: Uint8Array) => {
      const key = exactBytes('publicKey', publicKey, kemSizes.publicKeyBytes)
      if (allZero(key, zeroCheckedBytes)) throw new TypeError('publicKey is all zero: everybody could read what it seals')
      return memory.private(() => {
        memory.write(publicKeyAt, key)
        succeed(module._OQS_KEM_encaps(handle, ciphertextAt, sharedSecretAt, publicKeyAt), 'the public key is not valid')
        return {
          ciphertext: memory.read(ciphertextAt, kemSizes.ciphertextBytes),
          sharedSecret: memory.read(sharedSecretAt, kemSizes.sharedSecretBytes),
        }
      })
    },
    decapsulate: (secretKey: Uint8Array, ciphertext: Uint8Array) => {
      const key = exactBytes('secretKey', secretKey, kemSizes.secretKeyBytes)
      const sealed = exactBytes('ciphertext', ciphertext, kemSizes.ciphertextBytes)
      return memory.private(() => {
        memory.write(secretKeyAt, key)
        memory.write(ciphertextAt, sealed)
        succeed(module._OQS_KEM_decaps(handle, sharedSecretAt, ciphertextAt, secretKeyAt), 'the secret key is not valid')
        return memory.read(sharedSecretAt, kemSizes.sharedSecretBytes)
      })
    },
  })
  rehearse(module, handle, { publicKeyAt, secretKeyAt, ciphertextAt, sharedSecretAt })
  memory.learnStackDepth()
  memory.wipe()
  return { kem, heap: () => module.HEAPU8 }
}

/** Each operation once without wiping, so that the depth of its stack can be seen. */
const rehearse = (
  module: KemModule,
  handle: number,
  at: { publicKeyAt: number; secretKeyAt: number; ciphertextAt: number; sharedSecretAt: number },
): void => {
  module._OQS_KEM_keypair(handle, at.publicKeyAt, at.secretKeyAt)
  module._OQS_KEM_encaps(handle, at.ciphertextAt, at.sharedSecretAt, at.publicKeyAt)
  module._OQS_KEM_decaps(handle, at.sharedSecretAt, at.ciphertextAt, at.secretKeyAt)
}
