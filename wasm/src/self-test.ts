import type { Kem, Signer } from '@qsm/protocol'
import { knownAnswers } from './known-answers.js'

export interface Check {
  readonly name: string
  readonly passed: boolean
}

const fromHex = (hex: string): Uint8Array => Uint8Array.from(hex.match(/../g) ?? [], pair => Number.parseInt(pair, 16))
const equal = (a: Uint8Array, b: Uint8Array): boolean => a.length === b.length && a.every((byte, index) => byte === b[index])

const flipped = (bytes: Uint8Array, at: number): Uint8Array => {
  const copy = new Uint8Array(bytes)
  copy[at] = (copy[at] ?? 0) ^ 1
  return copy
}

const check = async (name: string, run: () => boolean | Promise<boolean>): Promise<Check> => {
  try {
    return { name, passed: await run() }
  } catch {
    return { name, passed: false } // A check that throws has failed; the report names it.
  }
}

/** Known answers and a pairwise round trip of ML-KEM-768 (FIPS 203; NIST ACVP vectors). */
export const testKem = async (kem: Kem): Promise<readonly Check[]> => {
  const { secretKey, ciphertext, sharedSecret, rejected, rejectedSecret } = knownAnswers.kem
  const key = fromHex(secretKey)
  return [
    await check('ML-KEM-768 decapsulation', async () => equal(await kem.decapsulate(key, fromHex(ciphertext)), fromHex(sharedSecret))),
    await check('ML-KEM-768 implicit rejection', async () => equal(await kem.decapsulate(key, fromHex(rejected)), fromHex(rejectedSecret))),
    await check('ML-KEM-768 key pairs differ and agree', async () => {
      const [first, second] = [await kem.generateKeyPair(), await kem.generateKeyPair()]
      const sealed = await kem.encapsulate(first.publicKey)
      const opened = await kem.decapsulate(first.secretKey, sealed.ciphertext)
      const other = await kem.decapsulate(second.secretKey, sealed.ciphertext)
      return !equal(first.publicKey, second.publicKey) && equal(opened, sealed.sharedSecret) && !equal(other, opened)
    }),
  ]
}

/** A known signature, tampering, and a pairwise round trip of Falcon-512 (round-3 known answers). */
export const testSigner = async (signer: Signer): Promise<readonly Check[]> => {
  const { publicKey, message, signature } = knownAnswers.signer
  const [key, text, known] = [fromHex(publicKey), fromHex(message), fromHex(signature)]
  return [
    await check('Falcon-512 known signature', async () => signer.verify(key, text, known)),
    await check('Falcon-512 refuses a changed signature', async () => !(await signer.verify(key, text, flipped(known, 300)))),
    await check('Falcon-512 refuses a changed message', async () => !(await signer.verify(key, flipped(text, 0), known))),
    await check('Falcon-512 signatures differ and hold', async () => {
      const pair = await signer.generateKeyPair()
      const [first, second] = [await signer.sign(pair.secretKey, text), await signer.sign(pair.secretKey, text)]
      const holds = (await signer.verify(pair.publicKey, text, first)) && (await signer.verify(pair.publicKey, text, second))
      return holds && !equal(first, second) && !(await signer.verify(key, text, first))
    }),
  ]
}
