import { p256 } from '@noble/curves/nist.js'
import { ml_kem768 } from '@noble/post-quantum/ml-kem.js'
import { loadPostQuantum } from '@qsm/wasm/noble'
import { type Algorithms, createWebCryptoClassical } from '../../src/index.js'

export const hex = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, 'hex'))
export const toHex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')

export interface Feed {
  /** Values by label, each label in the order in which it is drawn: `dh` scalar, `encaps` m, `ek` seed, `salt`, `nonce`, `key`. */
  push(...draws: readonly { readonly label: string; readonly hex: string }[]): void
  readonly left: number
  clear(): void
}

/** Algorithms whose randomness is fed, so that vectors come out byte for byte. Signatures stay random. */
export const fedAlgorithms = async (now: () => number): Promise<{ algorithms: Algorithms; feed: Feed }> => {
  const queue: { label: string; hex: string }[] = []
  const next = (...labels: string[]): Uint8Array => {
    const index = queue.findIndex(draw => labels.includes(draw.label))
    const [draw] = index < 0 ? [] : queue.splice(index, 1)
    if (!draw) throw new Error(`nothing was fed for ${labels.join('/')}`)
    return hex(draw.hex)
  }
  const { signer } = await loadPostQuantum()
  const platform = createWebCryptoClassical()
  const algorithms: Algorithms = {
    signer,
    kem: {
      name: 'ML-KEM-768',
      publicKeyBytes: 1184,
      secretKeyBytes: 2400,
      ciphertextBytes: 1088,
      sharedSecretBytes: 32,
      generateKeyPair: () => ml_kem768.keygen(next('ek')),
      encapsulate: publicKey => {
        const { cipherText, sharedSecret } = ml_kem768.encapsulate(publicKey, next('encaps'))
        return { ciphertext: cipherText, sharedSecret }
      },
      decapsulate: (secretKey, ciphertext) => ml_kem768.decapsulate(ciphertext, secretKey),
    },
    classical: {
      ...platform,
      generateP256: () => {
        const secretKey = next('dh')
        return { secretKey, publicKey: p256.getPublicKey(secretKey, false) }
      },
    },
    randomBytes: () => next('salt', 'nonce', 'key'),
    now,
  }
  const feed: Feed = {
    push: (...draws) => {
      queue.push(...draws)
    },
    get left() {
      return queue.length
    },
    clear: () => {
      queue.length = 0
    },
  }
  return { algorithms, feed }
}
