import type { KeyPair, Signer } from '@qsm/protocol'
import { exactBytes, messageBytes, paddedSignature } from '../arguments.js'
import { type FillRandom, refuseZeros } from '../entropy/judged.js'
import { maxMessageBytes, signerSizes } from '../sizes.js'
import { startModule } from './built-module.js'
import { createExpandedKeys } from './expanded-keys.js'
import { falcon512Wasm } from './modules.generated.js'

const { publicKeyBytes, secretKeyBytes, signatureBytes } = signerSizes

const saltBytes = 40
const seedBytes = 48
/** About one signature in ten thousand is longer than the padded form. */
const maxDraws = 100
/** Cannot be taken for anything that the protocol signs: that begins with a length. */
const pairwiseMessage = new TextEncoder().encode('Falcon-512 pairwise consistency')

const startSignerModule = () =>
  startModule({
    algorithm: 'Falcon-512',
    wasm: falcon512Wasm,
    places: {
      public_key: publicKeyBytes,
      secret_key: secretKeyBytes,
      drawn: saltBytes + seedBytes,
      signature: signatureBytes,
      message: maxMessageBytes,
    },
    functions: ['keypair', 'slot_count', 'find_slot', 'expand', 'wipe_slot', 'sign', 'verify'],
  })

/**
 * Falcon-512 (round 3) of the build in `wasm/build`. Answers at once. Keys that sign stay expanded for `keepExpandedKeysMs` after
 * their last signature; 0 keeps none. `memory` is for tests that look for residue.
 */
export const loadBuiltSigner = async (
  fillRandom: FillRandom,
  keepExpandedKeysMs: number,
): Promise<{ readonly signer: Signer; readonly memory: WebAssembly.Memory }> => {
  const { memory, at, call, privately } = await startSignerModule()
  const keys = createExpandedKeys(call, keepExpandedKeysMs)
  const keySeed = at.drawn.subarray(0, seedBytes)
  const saltAndSeed = [at.drawn.subarray(0, saltBytes), at.drawn.subarray(saltBytes)] as const

  /** Lays a message down and clears it afterwards. */
  const withMessage = <T>(message: Uint8Array, use: () => T): T => {
    at.message.set(message)
    try {
      return use()
    } finally {
      at.message.fill(0, 0, message.length)
    }
  }
  /** Leaves a signature of `bytes` of the message in its place; those that are too long are drawn again. */
  const draw = (slot: number, bytes: number): void => {
    for (let count = 0; count < maxDraws; count += 1) {
      // Salt and seed of the sampler in one draw: asking costs more than the bytes do.
      fillRandom(at.drawn)
      // A generator that left one of them out is as broken as one that left out both.
      for (const part of saltAndSeed) refuseZeros(part)
      if (call.sign(slot, bytes) !== 0) return
    }
    throw new Error(`Falcon-512: no signature of ${signatureBytes} bytes in ${maxDraws} draws`)
  }

  const signer: Signer = Object.freeze({
    name: 'Falcon-512',
    ...signerSizes,
    /** Each pair must verify what it signs before it is given out. */
    generateKeyPair: (): KeyPair =>
      privately(() => {
        fillRandom(keySeed)
        if (call.keypair() === 0) throw new Error('Falcon-512: no key pair could be made')
        withMessage(pairwiseMessage, () => {
          keys.once(slot => draw(slot, pairwiseMessage.length))
          if (call.verify(pairwiseMessage.length) !== 0) return
          throw new Error('Falcon-512: a new key pair does not verify what it signs. Do not use this machine.')
        })
        return { publicKey: at.public_key.slice(), secretKey: at.secret_key.slice() }
      }),
    sign(key: Uint8Array, message: Uint8Array) {
      const checkedKey = exactBytes('secretKey', key, secretKeyBytes)
      const text = messageBytes(message)
      return privately(() => {
        at.secret_key.set(checkedKey)
        keys.kept(slot => withMessage(text, () => draw(slot, text.length)))
        return at.signature.slice()
      })
    },
    verify(key: Uint8Array, message: Uint8Array, signed: Uint8Array) {
      const checkedKey = exactBytes('publicKey', key, publicKeyBytes)
      const text = messageBytes(message)
      const padded = paddedSignature(signed)
      if (padded === null) return false
      at.public_key.set(checkedKey)
      at.signature.set(padded)
      // Nothing of this is secret but perhaps the message, so the rest stays until it is overwritten.
      return withMessage(text, () => call.verify(text.length) !== 0)
    },
  } satisfies Signer)
  return { signer, memory }
}
