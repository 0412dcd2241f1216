import { randomBytes } from 'node:crypto'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { kemResidueSuite } from './support/kem-residue-suite.js'
import { contains, remembered, seenWithin, withBrokenGenerator } from './support/memory-watch.js'

// After the generator was replaced.
const { fillRandom } = await import('../src/entropy/node.js')
const { loadBuiltKem } = await import('../src/built/kem.js')
const { loadBuiltSigner } = await import('../src/built/signer.js')

kemResidueSuite('our build', () => loadBuiltKem(fillRandom))

describe('the memory of Falcon-512 that keeps no keys', async () => {
  const { signer, memory } = await loadBuiltSigner(fillRandom, 0)
  const isAsBefore = remembered(memory)
  const own = await signer.generateKeyPair()
  const canary = own.secretKey.subarray(1, 33)

  it('holds the secret key while it signs and is as before afterwards', async () => {
    for (const message of [new Uint8Array(0), new Uint8Array(33), new Uint8Array(randomBytes(262_144))]) {
      expect(await seenWithin(memory, canary, () => signer.sign(own.secretKey, message))).toBe(true)
      expect(isAsBefore()).toBe(true)
    }
  })

  it('is as before after the generator failed within a signature', async () => {
    await withBrokenGenerator(() => signer.sign(own.secretKey, new Uint8Array(99).fill(7)))
    expect(isAsBefore()).toBe(true)
  })
})

describe('the memory of Falcon-512 that keeps keys for a second', async () => {
  const keepMs = 1_000
  const { signer, memory } = await loadBuiltSigner(fillRandom, keepMs)
  const isAsBefore = remembered(memory)
  const own = await signer.generateKeyPair()
  const canary = own.secretKey.subarray(1, 33)

  beforeEach(() => {
    vi.useFakeTimers()
  })
  afterEach(() => {
    vi.advanceTimersByTime(2 * keepMs)
    vi.useRealTimers()
  })

  it('is as before after a key pair was made, without a wait', async () => {
    for (let count = 0; count < 10; count += 1) {
      const { secretKey } = await signer.generateKeyPair()
      expect(contains(memory, secretKey.subarray(1, 33))).toBe(false)
      expect(isAsBefore()).toBe(true)
    }
  })

  it('holds the secret key while it signs and for a second more, and is then as before', async () => {
    for (const message of [new Uint8Array(0), new Uint8Array(33), new Uint8Array(randomBytes(262_144))]) {
      expect(await seenWithin(memory, canary, () => signer.sign(own.secretKey, message))).toBe(true)
      expect(contains(memory, canary)).toBe(true)
      vi.advanceTimersByTime(keepMs + 1)
      expect(isAsBefore()).toBe(true)
    }
  })

  it('holds each key for a second after its last use, also while others sign', async () => {
    const other = await signer.generateKeyPair()
    await signer.sign(own.secretKey, canary)
    for (let count = 0; count < 4; count += 1) {
      vi.advanceTimersByTime(keepMs / 2)
      await signer.sign(other.secretKey, canary)
    }
    expect(contains(memory, canary)).toBe(false)
    expect(contains(memory, other.secretKey.subarray(1, 33))).toBe(true)
    vi.advanceTimersByTime(keepMs + 1)
    expect(isAsBefore()).toBe(true)
  })

  it('holds no more than seven keys', async () => {
    const pairs = await Promise.all(Array.from({ length: 9 }, () => signer.generateKeyPair()))
    for (const { publicKey, secretKey } of pairs) {
      const signature = await signer.sign(secretKey, canary)
      expect(await signer.verify(publicKey, canary, signature)).toBe(true)
    }
    const held = pairs.map(({ secretKey }) => contains(memory, secretKey.subarray(1, 33)))
    expect(held).toEqual([false, false, true, true, true, true, true, true, true])
    // What a verification leaves is no secret; the next operation on one clears it.
    await signer.sign(own.secretKey, canary)
    vi.advanceTimersByTime(keepMs + 1)
    expect(isAsBefore()).toBe(true)
  })

  it('is as before after a key was refused, also one of zeros, which is what an empty slot holds', () => {
    const noKey = Uint8Array.from(own.secretKey, (byte, at) => (at === 0 ? byte ^ 1 : byte))
    const notInvertible = Uint8Array.from(own.secretKey, (byte, at) => (at === 0 ? byte : 0))
    for (const key of [noKey, notInvertible, new Uint8Array(1281)]) {
      expect(() => signer.sign(key, new Uint8Array(5))).toThrow('secretKey is not valid')
      expect(isAsBefore()).toBe(true)
    }
  })

  it('is as before after the generator failed within an operation', async () => {
    await withBrokenGenerator(() => signer.generateKeyPair())
    expect(isAsBefore()).toBe(true)
    await withBrokenGenerator(() => signer.sign(own.secretKey, new Uint8Array(99).fill(7)))
    vi.advanceTimersByTime(keepMs + 1)
    expect(isAsBefore()).toBe(true)
  })

  it('keeps no message that was verified, and never grows', async () => {
    const [message, size] = [new Uint8Array(randomBytes(262_144)), memory.buffer.byteLength]
    const signature = await signer.sign(own.secretKey, message)
    for (let count = 0; count < 50; count += 1)
      expect(await signer.verify(own.publicKey, message, signature)).toBe(true)
    for (const at of [0, 100_000, 262_112]) expect(contains(memory, message.subarray(at, at + 32))).toBe(false)
    expect(memory.buffer.byteLength).toBe(size)
    await signer.sign(own.secretKey, message)
    vi.advanceTimersByTime(keepMs + 1)
    expect(isAsBefore()).toBe(true)
  })
})
