import { randomBytes, randomInt } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { loadPostQuantum } from '../src/index.js'
import { loadPostQuantum as loadNoble } from '../src/noble.js'

const [fast, stock] = [await loadPostQuantum(), await loadPostQuantum({ build: 'stock' })]
const noble = await loadNoble()
const rounds = 250
const equal = (one: Uint8Array, other: Uint8Array) => Buffer.compare(one, other) === 0

describe.each([
  { from: 'our build', to: 'noble', one: fast, other: noble },
  { from: 'our build', to: 'the stock build', one: fast, other: stock },
  { from: 'the stock build', to: 'our build', one: stock, other: fast },
  { from: 'noble', to: 'our build', one: noble, other: fast },
  { from: 'noble', to: 'the stock build', one: noble, other: stock },
])('250 random round trips from $from to $to', ({ one, other }) => {
  it('open to the same secret, and an altered ciphertext to the same other one', { timeout: 60_000 }, async () => {
    for (let round = 0; round < rounds; round += 1) {
      const pair = await one.kem.generateKeyPair()
      const { ciphertext, sharedSecret } = await other.kem.encapsulate(pair.publicKey)
      expect(equal(await one.kem.decapsulate(pair.secretKey, ciphertext), sharedSecret)).toBe(true)
      expect(equal(await other.kem.decapsulate(pair.secretKey, ciphertext), sharedSecret)).toBe(true)
      const at = randomInt(ciphertext.length)
      ciphertext[at] = (ciphertext[at] as number) ^ (1 << randomInt(8))
      const rejected = await one.kem.decapsulate(pair.secretKey, ciphertext)
      expect(equal(rejected, sharedSecret)).toBe(false)
      expect(equal(await other.kem.decapsulate(pair.secretKey, ciphertext), rejected)).toBe(true)
    }
  })

  it('verify what the other signed, with keys of both, and nothing else', { timeout: 60_000 }, async () => {
    const pairs = [
      await one.signer.generateKeyPair(),
      await other.signer.generateKeyPair(),
      await one.signer.generateKeyPair(),
    ]
    for (let round = 0; round < rounds; round += 1) {
      const [pair, stranger] = [pairs[round % 3], pairs[(round + 1) % 3]]
      if (!pair || !stranger) throw new Error('no pair')
      const message = new Uint8Array(randomBytes(randomInt(2_000)))
      const signature = await one.signer.sign(pair.secretKey, message)
      expect(signature).toHaveLength(666)
      expect(await other.signer.verify(pair.publicKey, message, signature)).toBe(true)
      expect(await other.signer.verify(stranger.publicKey, message, signature)).toBe(false)
      const at = randomInt(signature.length)
      signature[at] = (signature[at] as number) ^ (1 << randomInt(8))
      expect(await one.signer.verify(pair.publicKey, message, signature)).toBe(false)
      expect(await other.signer.verify(pair.publicKey, message, signature)).toBe(false)
    }
  })
})
