import type { Kem, KeyPair, Signer } from '@qsm/protocol'
import { kemAnswer, signerAnswer } from './known-answers.js'
import { kemSizes, signerSizes } from './sizes.js'

/** One thing that the self-test looked at; `name` is a sentence for people. */
export interface Check {
  readonly name: string
  readonly passed: boolean
}

const fromHex = (hex: string): Uint8Array =>
  Uint8Array.from({ length: hex.length / 2 }, (_, index) => Number.parseInt(hex.slice(2 * index, 2 * index + 2), 16))

const equal = (one: Uint8Array, other: Uint8Array): boolean =>
  one.length === other.length && one.every((byte, index) => byte === other[index])

const flipped = (bytes: Uint8Array, at: number): Uint8Array => {
  const copy = Uint8Array.from(bytes)
  copy[at] = (copy[at] as number) ^ 1
  return copy
}

const throws = async (run: () => unknown): Promise<boolean> => {
  try {
    await run()
    return false
  } catch {
    return true
  }
}

/** A check that throws has failed: the report names it, and the module is not used. */
const check = async (name: string, run: () => boolean | Promise<boolean>): Promise<Check> => {
  try {
    return { name, passed: await run() }
  } catch {
    return { name, passed: false }
  }
}

/** q (FIPS 203 section 2.4), the least number that no coefficient may be. */
const modulus = 3329

/** A public key whose coefficients are all zero but the last, the upper 12 bits of the 1 152 bytes of t. */
const endingIn = (coefficient: number): Uint8Array => {
  const key = new Uint8Array(kemSizes.publicKeyBytes)
  key[1150] = (coefficient & 15) << 4
  key[1151] = coefficient >> 4
  return key
}

/** Public and secret key of a known d and z, by the hash of both: 3 584 bytes less in each bundle. */
const testKeyGeneration = (keyPairFrom: (seed: Uint8Array) => KeyPair): Promise<Check> =>
  check('ML-KEM-768 makes the known key pair of a seed', async () => {
    const { publicKey, secretKey } = keyPairFrom(fromHex(kemAnswer.seed))
    const both = new Uint8Array(kemSizes.publicKeyBytes + kemSizes.secretKeyBytes)
    both.set(publicKey)
    both.set(secretKey, kemSizes.publicKeyBytes)
    const hash = await globalThis.crypto.subtle.digest('SHA-256', both)
    return equal(new Uint8Array(hash), fromHex(kemAnswer.keysSha256))
  })

/**
 * ML-KEM-768: known answers, a round trip, keys that must be refused. Key generation has its known answer where the library takes
 * a seed; the stock build has no export for it.
 */
export const testKem = async (kem: Kem, keyPairFrom?: (seed: Uint8Array) => KeyPair): Promise<readonly Check[]> => {
  const [secretKey, ciphertext] = [fromHex(kemAnswer.secretKey), fromHex(kemAnswer.ciphertext)]
  const opensAs = async (sealed: Uint8Array, secret: string) =>
    equal(await kem.decapsulate(secretKey, sealed), fromHex(secret))
  return [
    ...(keyPairFrom ? [await testKeyGeneration(keyPairFrom)] : []),
    await check('ML-KEM-768 opens a known ciphertext', () => opensAs(ciphertext, kemAnswer.sharedSecret)),
    await check('ML-KEM-768 rejects an altered ciphertext implicitly', () =>
      opensAs(flipped(ciphertext, kemAnswer.alteredByte), kemAnswer.rejectedSecret),
    ),
    await check('ML-KEM-768 key pairs differ and open only what is sealed to them', async () => {
      const [own, other] = [await kem.generateKeyPair(), await kem.generateKeyPair()]
      const { ciphertext: sealed, sharedSecret } = await kem.encapsulate(own.publicKey)
      const opened = await kem.decapsulate(own.secretKey, sealed)
      const foreign = await kem.decapsulate(other.secretKey, sealed)
      return !equal(own.publicKey, other.publicKey) && equal(opened, sharedSecret) && !equal(foreign, sharedSecret)
    }),
    await check('ML-KEM-768 refuses public keys that are all zero or not reduced', async () => {
      const allZero = new Uint8Array(kemSizes.publicKeyBytes)
      const refused = [allZero, allZero.map(() => 255), endingIn(modulus)]
      const verdicts = await Promise.all(refused.map(key => throws(() => kem.encapsulate(key))))
      return verdicts.every(Boolean) && !(await throws(() => kem.encapsulate(endingIn(modulus - 1))))
    }),
  ]
}

/** Falcon-512: a known signature, alterations of it, a round trip. */
export const testSigner = async (signer: Signer): Promise<readonly Check[]> => {
  const [publicKey, message] = [fromHex(signerAnswer.publicKey), fromHex(signerAnswer.message)]
  const signature = fromHex(signerAnswer.signature)
  return [
    await check('Falcon-512 accepts a known signature', () => signer.verify(publicKey, message, signature)),
    await check('Falcon-512 refuses an altered signature, message or padding', async () => {
      const altered = await signer.verify(publicKey, message, flipped(signature, 300))
      const padding = await signer.verify(publicKey, message, flipped(signature, signature.length - 1))
      return !altered && !padding && !(await signer.verify(publicKey, flipped(message, 0), signature))
    }),
    await check('Falcon-512 signatures of one message differ and hold for one key only', async () => {
      const own = await signer.generateKeyPair()
      const first = await signer.sign(own.secretKey, message)
      const second = await signer.sign(own.secretKey, message)
      const hold =
        (await signer.verify(own.publicKey, message, first)) && (await signer.verify(own.publicKey, message, second))
      const padded = first.length === signerSizes.signatureBytes && second.length === signerSizes.signatureBytes
      return hold && padded && !equal(first, second) && !(await signer.verify(publicKey, message, first))
    }),
  ]
}
