import { randomBytes } from 'node:crypto'
import type { Kem } from '@qsm/protocol'
import { describe, expect, it } from 'vitest'
import { contains, remembered, withBrokenGenerator } from './memory-watch.js'

interface Loaded {
  readonly kem: Kem
  readonly memory: WebAssembly.Memory
}

/** After each operation the memory of a WASM build is byte for byte as it was. Its generator must be that of the test. */
export const kemResidueSuite = (build: string, load: () => Promise<Loaded>): void => {
  describe(`the memory of ML-KEM-768 in ${build}`, async () => {
    const { kem, memory } = await load()
    const isAsBefore = remembered(memory)
    const own = await kem.generateKeyPair()

    it('is as before after a key pair was made', async () => {
      const { secretKey } = await kem.generateKeyPair()
      expect(contains(memory, secretKey.subarray(0, 32))).toBe(false)
      expect(isAsBefore()).toBe(true)
    })

    it('is as before after a secret was sealed and opened', async () => {
      const { ciphertext, sharedSecret } = await kem.encapsulate(own.publicKey)
      expect(isAsBefore()).toBe(true)
      expect(await kem.decapsulate(own.secretKey, ciphertext)).toEqual(sharedSecret)
      expect(isAsBefore()).toBe(true)
      await kem.decapsulate(own.secretKey, new Uint8Array(randomBytes(1088)))
      expect(isAsBefore()).toBe(true)
    })

    it('is as before after a key was refused', async () => {
      const altered = Uint8Array.from(own.secretKey, (byte, at) => (at === 2_340 ? byte ^ 1 : byte))
      expect(() => kem.decapsulate(altered, new Uint8Array(1088))).toThrow('secretKey is not valid')
      expect(isAsBefore()).toBe(true)
      expect(() => kem.encapsulate(new Uint8Array(1184).fill(255))).toThrow('publicKey is not valid')
      expect(isAsBefore()).toBe(true)
    })

    it('is as before after the generator failed within an operation', async () => {
      await withBrokenGenerator(() => kem.generateKeyPair())
      expect(isAsBefore()).toBe(true)
      await withBrokenGenerator(() => kem.encapsulate(own.publicKey))
      expect(isAsBefore()).toBe(true)
    })
  })
}
