import { p256 } from '@noble/curves/nist.js'
import { falcon512padded } from '@noble/post-quantum/falcon.js'
import { ml_kem768 } from '@noble/post-quantum/ml-kem.js'
import { type Algorithms, createWebCryptoClassical, type Kem, type Signer } from '../../src/index.js'
import { seededRandom } from './seeded-random.js'

const falconSeedBytes = 48

/** ML-KEM-768 of noble, with the randomness that is handed in. */
export const nobleKem = (random: (length: number) => Uint8Array): Kem => ({
  name: 'ML-KEM-768',
  publicKeyBytes: 1184,
  secretKeyBytes: 2400,
  ciphertextBytes: 1088,
  sharedSecretBytes: 32,
  generateKeyPair: () => ml_kem768.keygen(random(64)),
  encapsulate: publicKey => {
    const { cipherText, sharedSecret } = ml_kem768.encapsulate(publicKey, random(32))
    return { ciphertext: cipherText, sharedSecret }
  },
  decapsulate: (secretKey, ciphertext) => ml_kem768.decapsulate(ciphertext, secretKey),
})

/** Falcon-512 of noble, with the randomness that is handed in: a signature takes about 30 ms, a key pair 250 ms. */
const nobleSigner = (random: (length: number) => Uint8Array): Signer => ({
  name: 'Falcon-512',
  publicKeyBytes: 897,
  secretKeyBytes: 1281,
  signatureBytes: 666,
  generateKeyPair: () => falcon512padded.keygen(random(falconSeedBytes)),
  sign: (secretKey, message) => falcon512padded.sign(message, secretKey, { extraEntropy: random(falconSeedBytes) }),
  verify: (publicKey, message, signature) => {
    try {
      return falcon512padded.verify(signature, message, publicKey)
    } catch {
      return false
    }
  },
})

export interface Clock {
  now: number
}

/** Real algorithms, the same at every run: noble for the post-quantum half and the P-256 keys, the platform for the rest. */
export const nobleAlgorithms = (seed: string, clock: Clock = { now: 1_800_000_000_000 }): Algorithms => {
  const random = seededRandom(seed)
  const platform = createWebCryptoClassical()
  return {
    kem: nobleKem(random),
    signer: nobleSigner(random),
    classical: {
      ...platform,
      generateP256: () => {
        const { secretKey, publicKey } = p256.keygen(random(48))
        return { secretKey, publicKey: p256.Point.fromBytes(publicKey).toBytes(false) }
      },
      // RFC 6979: no randomness, so that signatures too are the same at every run.
      ecdsaSign: ({ secretKey }, message) => p256.sign(message, secretKey, { lowS: true }),
    },
    randomBytes: random,
    now: () => clock.now,
  }
}
