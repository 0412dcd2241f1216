import type { KeyPair, Signer } from '@qsm/protocol'
import { exactBytes, messageBytes, paddedSignature } from '../arguments.js'
import { maxMessageBytes, signerSizes } from '../sizes.js'
import { instantiate, type LiboqsModule } from './instantiate.js'
import { reserveMemory, withCString } from './module-memory.js'
import { type SignerExport, signerModule } from './pinned-modules.js'

const { publicKeyBytes, secretKeyBytes, signatureBytes } = signerSizes

/** The most that the library writes before padding. */
const compressedMaxBytes = 752
/** About one signature in ten thousand is longer than the padded form. */
const maxDraws = 100
/** Cannot be taken for anything that the protocol signs: that begins with a length. */
const pairwiseMessage = new TextEncoder().encode('Falcon-512 pairwise consistency')

/** Falcon-512 (round 3) on an instance of the library. Answers at once. */
const createSigner = (module: LiboqsModule<SignerExport>): Signer => {
  const { call } = module
  const algorithm = withCString(module, signerModule.algorithm, call.create)
  const buffers = { publicKey: publicKeyBytes, secretKey: secretKeyBytes, signature: compressedMaxBytes, length: 4 }
  const memory = reserveMemory(module, buffers, maxMessageBytes)
  const { publicKey, secretKey, signature, length } = memory.at

  /** Signs what lies at `message` and leaves 666 bytes at `signature`: shorter ones end in zeros, longer ones are redrawn. */
  const draw = (message: number, bytes: number): void => {
    for (let count = 0; count < maxDraws; count += 1) {
      if (call.sign(algorithm, signature, length, message, bytes, secretKey) !== 0) {
        throw new Error('Falcon-512: secretKey is not valid')
      }
      const drawn = memory.readU32(length)
      if (drawn > signatureBytes) continue
      memory.write(signature + drawn, new Uint8Array(signatureBytes - drawn))
      return
    }
    throw new Error(`Falcon-512: no signature of ${signatureBytes} bytes in ${maxDraws} draws`)
  }
  const holds = (message: number, bytes: number): boolean =>
    call.verify(algorithm, message, bytes, signature, signatureBytes, publicKey) === 0

  return Object.freeze({
    name: 'Falcon-512',
    ...signerSizes,
    /** Each pair must verify what it signs before it is given out. */
    generateKeyPair: (): KeyPair =>
      memory.privately(() => {
        if (call.keypair(algorithm, publicKey, secretKey) !== 0) {
          throw new Error('Falcon-512: no key pair could be made')
        }
        memory.withMessage(pairwiseMessage, address => {
          draw(address, pairwiseMessage.length)
          if (holds(address, pairwiseMessage.length)) return
          throw new Error('Falcon-512: a new key pair does not verify what it signs. Do not use this machine.')
        })
        return { publicKey: memory.read(publicKey, publicKeyBytes), secretKey: memory.read(secretKey, secretKeyBytes) }
      }),
    sign(key: Uint8Array, message: Uint8Array) {
      const checkedKey = exactBytes('secretKey', key, secretKeyBytes)
      const text = messageBytes(message)
      return memory.privately(() => {
        memory.write(secretKey, checkedKey)
        memory.withMessage(text, address => draw(address, text.length))
        return memory.read(signature, signatureBytes)
      })
    },
    verify(key: Uint8Array, message: Uint8Array, signed: Uint8Array) {
      const checkedKey = exactBytes('publicKey', key, publicKeyBytes)
      const text = messageBytes(message)
      const padded = paddedSignature(signed)
      if (padded === null) return false
      memory.write(publicKey, checkedKey)
      memory.write(signature, padded)
      // Nothing of this is secret but perhaps the message, so the rest stays until it is overwritten.
      return memory.withMessage(text, address => holds(address, text.length))
    },
  } satisfies Signer)
}

/** Loads the module. `memory` is for tests that look for residue. Throws `AlgorithmLoadError` for other bytes. */
export const loadLiboqsSigner = async (): Promise<{ readonly signer: Signer; readonly memory: WebAssembly.Memory }> => {
  const module = await instantiate(signerModule)
  return { signer: createSigner(module), memory: module.memory }
}
