import { randomBytes } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { feed } from './support/fed-randomness.js'
import { kemResidueSuite } from './support/kem-residue-suite.js'
import { contains, remembered, seenWithin, withBrokenGenerator } from './support/memory-watch.js'

// After the generator was replaced.
const { loadLiboqsKem } = await import('../src/liboqs/kem.js')
const { loadLiboqsSigner } = await import('../src/liboqs/signer.js')

kemResidueSuite('the stock build', loadLiboqsKem)

describe('the memory of Falcon-512 in the stock build', async () => {
  const { signer, memory } = await loadLiboqsSigner()
  const isAsBefore = remembered(memory)
  const own = await signer.generateKeyPair()

  it('is as before after a key pair was made', async () => {
    for (let count = 0; count < 10; count += 1) {
      const { secretKey } = await signer.generateKeyPair()
      expect(contains(memory, secretKey.subarray(1, 33))).toBe(false)
      expect(isAsBefore()).toBe(true)
    }
  })

  it('holds the secret key while it signs and is as before afterwards', async () => {
    const canary = own.secretKey.subarray(1, 33)
    for (const message of [new Uint8Array(0), new Uint8Array(33), new Uint8Array(randomBytes(262_144))]) {
      expect(await seenWithin(memory, canary, () => signer.sign(own.secretKey, message))).toBe(true)
      expect(contains(memory, canary)).toBe(false)
      expect(isAsBefore()).toBe(true)
    }
  })

  it('is as before after a key was refused', () => {
    const noKey = Uint8Array.from(own.secretKey, (byte, at) => (at === 0 ? byte ^ 1 : byte))
    expect(() => signer.sign(noKey, new Uint8Array(5))).toThrow('secretKey is not valid')
    expect(isAsBefore()).toBe(true)
  })

  it('is as before after the generator failed within an operation', async () => {
    await withBrokenGenerator(() => signer.generateKeyPair())
    expect(isAsBefore()).toBe(true)
    await withBrokenGenerator(() => signer.sign(own.secretKey, new Uint8Array(99).fill(7)))
    expect(isAsBefore()).toBe(true)
  })

  it('has room for more after a thousand failures', async () => {
    feed.onDraw(() => {
      throw new Error('no randomness')
    })
    for (let count = 0; count < 1_000; count += 1) expect(() => signer.sign(own.secretKey, new Uint8Array(1))).toThrow()
    feed.onDraw(null)
    const signature = await signer.sign(own.secretKey, new Uint8Array(1))
    expect(await signer.verify(own.publicKey, new Uint8Array(1), signature)).toBe(true)
  })

  it('keeps no message that was verified, and never grows', async () => {
    const [message, size] = [new Uint8Array(randomBytes(262_144)), memory.buffer.byteLength]
    const signature = await signer.sign(own.secretKey, message)
    for (let count = 0; count < 50; count += 1)
      expect(await signer.verify(own.publicKey, message, signature)).toBe(true)
    for (const at of [0, 100_000, 262_112]) expect(contains(memory, message.subarray(at, at + 32))).toBe(false)
    expect(memory.buffer.byteLength).toBe(size)
    await signer.sign(own.secretKey, message)
    expect(isAsBefore()).toBe(true)
  })
})
