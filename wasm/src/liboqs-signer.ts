import type { Signer } from '@qsm/protocol'
import { boundedBytes, exactBytes } from './bytes.js'
import { type LiboqsModule, loadModule, withCString } from './module.js'
import { pinnedModules } from './pinned-modules.js'
import { maxMessageBytes, signerSizes } from './sizes.js'
import { WipedMemory } from './wiped-memory.js'

interface SignatureModule extends LiboqsModule {
  _OQS_SIG_new(name: number): number
  _OQS_SIG_keypair(sig: number, publicKey: number, secretKey: number): number
  _OQS_SIG_sign(sig: number, signature: number, length: number, message: number, messageBytes: number, secretKey: number): number
  _OQS_SIG_verify(sig: number, message: number, messageBytes: number, signature: number, bytes: number, publicKey: number): number
}

/** The longest signature the library may write before it is padded. */
const unpaddedMaxBytes = 752
const headerByte = 0x39
const maxDraws = 100

/** Falcon-512 (round 3) over the liboqs build, in the padded form. */
export const loadLiboqsSigner = async (): Promise<{ readonly signer: Signer; readonly heap: () => Uint8Array }> => {
  const module = await loadModule<SignatureModule>(pinnedModules.signer)
  const memory = new WipedMemory(module)
  const handle = withCString(module, 'Falcon-512', name => module._OQS_SIG_new(name))
  if (handle === 0) throw new Error('liboqs has no Falcon-512')
  const publicKeyAt = memory.reserve(signerSizes.publicKeyBytes)
  const secretKeyAt = memory.reserve(signerSizes.secretKeyBytes)
  const signatureAt = memory.reserve(unpaddedMaxBytes)
  const lengthAt = memory.reserve(4)
  // Messages are public or ciphertext by the time they are signed; this buffer is wiped by its used length only.
  const messageAt = module._malloc(maxMessageBytes)

  const draw = (messageBytes: number): Uint8Array => {
    const status = module._OQS_SIG_sign(handle, signatureAt, lengthAt, messageAt, messageBytes, secretKeyAt)
    if (status !== 0) throw new Error(`Falcon-512: the secret key is not valid (status ${status})`)
    return memory.read(signatureAt, memory.readU32(lengthAt))
  }

  const sign = (secretKey: Uint8Array, message: Uint8Array): Uint8Array => {
    const key = exactBytes('secretKey', secretKey, signerSizes.secretKeyBytes)
    const text = boundedBytes('message', message, maxMessageBytes)
    return memory.private(() => {
      memory.write(secretKeyAt, key)
      memory.write(messageAt, text)
      try {
        for (let count = 0; count < maxDraws; count += 1) {
          const signature = draw(text.length)
          if (signature.length > signerSizes.signatureBytes) continue
          const padded = new Uint8Array(signerSizes.signatureBytes)
          padded.set(signature)
          return padded
        }
        throw new Error('Falcon-512: no signature of 666 bytes came in a hundred draws')
      } finally {
        module.HEAPU8.fill(0, messageAt, messageAt + text.length)
      }
    })
  }

  const verify = (publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean => {
    const key = exactBytes('publicKey', publicKey, signerSizes.publicKeyBytes)
    const text = boundedBytes('message', message, maxMessageBytes)
    if (!(signature instanceof Uint8Array)) throw new TypeError('signature must be a Uint8Array')
    if (signature.length !== signerSizes.signatureBytes || signature[0] !== headerByte) return false
    memory.write(publicKeyAt, key)
    memory.write(messageAt, text)
    memory.write(signatureAt, signature)
    return module._OQS_SIG_verify(handle, messageAt, text.length, signatureAt, signature.length, publicKeyAt) === 0
  }

  const signer: Signer = Object.freeze({
    name: 'Falcon-512',
    ...signerSizes,
    generateKeyPair: () =>
      memory.private(() => {
        const status = module._OQS_SIG_keypair(handle, publicKeyAt, secretKeyAt)
        if (status !== 0) throw new Error(`Falcon-512: no key pair could be made (status ${status})`)
        return {
          publicKey: memory.read(publicKeyAt, signerSizes.publicKeyBytes),
          secretKey: memory.read(secretKeyAt, signerSizes.secretKeyBytes),
        }
      }),
    sign,
    verify,
  })
  module._OQS_SIG_keypair(handle, publicKeyAt, secretKeyAt)
  draw(0)
  memory.learnStackDepth()
  memory.wipe()
  return { signer, heap: () => module.HEAPU8 }
}
