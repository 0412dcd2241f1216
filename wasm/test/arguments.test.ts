import { describe, expect, it } from 'vitest'
import * as entry from '../src/index.js'
import { loadPostQuantum as loadNoble } from '../src/noble.js'

const providers = [
  { name: 'liboqs', loaded: await entry.loadPostQuantum() },
  { name: 'noble', loaded: await loadNoble() },
]

/** Everything that is no Uint8Array, of the wanted length where it has one. */
const strangers = (length: number): readonly unknown[] => [
  'a'.repeat(length),
  Array.from({ length }, () => 1),
  length,
  null,
  undefined,
  {},
  { length, [Symbol.toStringTag]: 'Uint8Array' },
  new ArrayBuffer(length),
  new DataView(new ArrayBuffer(length)),
  new Uint8ClampedArray(length),
  new Int8Array(length),
  new Uint16Array(length),
]
const message = new TextEncoder().encode('hello')

describe.each(providers)('what gets through to $name', ({ loaded: { kem, signer } }) => {
  /** Each argument of a fixed length: its name, its length, and a call that hands it in. */
  const fixed = async () => {
    const [sealing, signing] = [await kem.generateKeyPair(), await signer.generateKeyPair()]
    const { ciphertext } = await kem.encapsulate(sealing.publicKey)
    const signature = await signer.sign(signing.secretKey, message)
    return [
      { name: 'publicKey', value: sealing.publicKey, call: (value: Uint8Array) => kem.encapsulate(value) },
      { name: 'secretKey', value: sealing.secretKey, call: (value: Uint8Array) => kem.decapsulate(value, ciphertext) },
      { name: 'ciphertext', value: ciphertext, call: (value: Uint8Array) => kem.decapsulate(sealing.secretKey, value) },
      { name: 'secretKey', value: signing.secretKey, call: (value: Uint8Array) => signer.sign(value, message) },
      {
        name: 'publicKey',
        value: signing.publicKey,
        call: (value: Uint8Array) => signer.verify(value, message, signature),
      },
    ] as const
  }
  const refusal = async (run: () => unknown) => {
    try {
      await run()
    } catch (error) {
      return error as Error
    }
    throw new Error('it was not refused')
  }

  it('strings, arrays, numbers and other views are refused by a TypeError with argument and length', async () => {
    for (const { name, value, call } of await fixed()) {
      for (const stranger of strangers(value.length)) {
        const error = await refusal(() => call(stranger as Uint8Array))
        expect(error).toBeInstanceOf(TypeError)
        expect(error.message).toBe(`${name} must be a Uint8Array of ${value.length} bytes`)
      }
    }
  })

  it('other lengths are refused by a TypeError with both lengths', async () => {
    for (const { name, value, call } of await fixed()) {
      for (const length of [0, 1, value.length - 1, value.length + 1, 10_000]) {
        const error = await refusal(() => call(new Uint8Array(length).fill(1)))
        expect(error).toBeInstanceOf(TypeError)
        expect(error.message).toBe(`${name} must be ${value.length} bytes, not ${length}`)
      }
    }
  })

  it('a Buffer, a subclass and a view into something larger do as plain bytes', async () => {
    class Tagged extends Uint8Array {}
    const [{ publicKey, secretKey }, pair] = [await signer.generateKeyPair(), await kem.generateKeyPair()]
    const forms = [
      (bytes: Uint8Array) => Buffer.from(bytes),
      (bytes: Uint8Array) => Tagged.from(bytes),
      (bytes: Uint8Array) => Uint8Array.from([1, 2, 3, ...bytes, 4, 5]).subarray(3, 3 + bytes.length),
    ]
    for (const form of forms) {
      const signature = await signer.sign(form(secretKey), form(message))
      expect(await signer.verify(form(publicKey), form(message), form(signature))).toBe(true)
      expect(await signer.verify(publicKey, message, signature)).toBe(true)
      const { ciphertext, sharedSecret } = await kem.encapsulate(form(pair.publicKey))
      expect(await kem.decapsulate(form(pair.secretKey), form(ciphertext))).toEqual(sharedSecret)
    }
  })

  it('an array whose length was forged is taken by its real bytes', async () => {
    const forged = new Uint8Array(5_000)
    Object.defineProperty(forged, 'length', { value: 1184 })
    expect((await refusal(() => kem.encapsulate(forged))).message).toBe('publicKey must be 1184 bytes, not 5000')
  })

  it('messages are bytes of at most 262 144', async () => {
    const { publicKey, secretKey } = await signer.generateKeyPair()
    const longest = new Uint8Array(262_144).fill(7)
    const signature = await signer.sign(secretKey, longest)
    expect(await signer.verify(publicKey, longest, signature)).toBe(true)
    expect(await signer.verify(publicKey, longest.subarray(1), signature)).toBe(false)
    expect(await signer.verify(publicKey, new Uint8Array(0), await signer.sign(secretKey, new Uint8Array(0)))).toBe(
      true,
    )
    const long = new Uint8Array(262_145)
    for (const call of [
      (text: unknown) => signer.sign(secretKey, text as Uint8Array),
      (text: unknown) => signer.verify(publicKey, text as Uint8Array, signature),
    ]) {
      expect((await refusal(() => call(long))).message).toBe('message must be at most 262144 bytes, not 262145')
      for (const stranger of strangers(5)) {
        const error = await refusal(() => call(stranger))
        expect(error).toBeInstanceOf(TypeError)
        expect(error.message).toBe('message must be a Uint8Array of at most 262144 bytes')
      }
    }
  })

  it('signatures are 666 bytes with the header 0x39: any other bytes are false, anything else a TypeError', async () => {
    const { publicKey, secretKey } = await signer.generateKeyPair()
    const signature = await signer.sign(secretKey, message)
    expect([signature.length, signature[0]]).toEqual([666, 0x39])
    const unpadded = signature.slice(0, signature.findLastIndex(byte => byte !== 0) + 1)
    const longer = Uint8Array.from([...signature, 0])
    const withHeader = (header: number) => Uint8Array.from(signature, (byte, at) => (at === 0 ? header : byte))
    const others = [new Uint8Array(0), signature.slice(0, 41), signature.slice(0, 655), signature.slice(0, 665), longer]
    for (const other of [...others, unpadded, new Uint8Array(666), withHeader(0x29), withHeader(0x3a)]) {
      expect(await signer.verify(publicKey, message, other)).toBe(false)
    }
    for (const stranger of strangers(666)) {
      const error = await refusal(() => signer.verify(publicKey, message, stranger as Uint8Array))
      expect(error).toBeInstanceOf(TypeError)
      expect(error.message).toBe('signature must be a Uint8Array of 666 bytes')
    }
    expect(await signer.verify(publicKey, message, signature)).toBe(true)
  })

  it('public keys that are all zero or not reduced seal nothing', async () => {
    const { publicKey } = await kem.generateKeyPair()
    const allZero = Uint8Array.from(publicKey, (byte, at) => (at < 1152 ? 0 : byte))
    expect((await refusal(() => kem.encapsulate(allZero))).message).toContain('all zero')
    // Two coefficients in three bytes: the first becomes 3 329.
    const notReduced = Uint8Array.from([0x01, 0x0d, ...publicKey.subarray(2)])
    expect(await refusal(() => kem.encapsulate(notReduced))).toBeInstanceOf(Error)
  })

  it('keys of the right length that are no keys are refused or verify nothing', async () => {
    const { publicKey, secretKey } = await signer.generateKeyPair()
    const signature = await signer.sign(secretKey, message)
    expect(await signer.verify(new Uint8Array(897).fill(255), message, signature)).toBe(false)
    expect(await refusal(() => signer.sign(new Uint8Array(1281).fill(255), message))).toBeInstanceOf(Error)
    expect(await refusal(() => kem.decapsulate(new Uint8Array(2400), new Uint8Array(1088)))).toBeInstanceOf(Error)
    expect(await signer.verify(publicKey, message, signature)).toBe(true)
  })

  it('no argument beyond the documented ones is looked at, least of all a seed', async () => {
    const { publicKey, secretKey } = await signer.generateKeyPair()
    const seed = new Uint8Array(48).fill(3)
    const seededKeyPair = kem.generateKeyPair as (seed: Uint8Array) => ReturnType<typeof kem.generateKeyPair>
    const [one, two] = [await seededKeyPair(new Uint8Array(64)), await seededKeyPair(new Uint8Array(64))]
    expect(one.publicKey).not.toEqual(two.publicKey)
    const seal = kem.encapsulate as (key: Uint8Array, m: Uint8Array) => ReturnType<typeof kem.encapsulate>
    const [first, second] = [
      await seal(one.publicKey, seed.subarray(0, 32)),
      await seal(one.publicKey, seed.subarray(0, 32)),
    ]
    expect(first.ciphertext).not.toEqual(second.ciphertext)
    const sign = signer.sign as (key: Uint8Array, text: Uint8Array, options: object) => Promise<Uint8Array>
    const options = { random: () => seed, extraEntropy: false }
    const signatures = [await sign(secretKey, message, options), await sign(secretKey, message, options)]
    expect(signatures[0]).not.toEqual(signatures[1])
    expect(await signer.verify(publicKey, message, signatures[1] as Uint8Array)).toBe(true)
  })

  it('what comes out is plain, of exact length, in memory of its own, and the objects are frozen', async () => {
    const [sealing, signing] = [await kem.generateKeyPair(), await signer.generateKeyPair()]
    const before = [sealing.secretKey, signing.secretKey].map(key => key.slice())
    const { ciphertext, sharedSecret } = await kem.encapsulate(sealing.publicKey)
    const opened = await kem.decapsulate(sealing.secretKey, ciphertext)
    const signature = await signer.sign(signing.secretKey, message)
    const outputs = [...Object.values(sealing), ...Object.values(signing), ciphertext, sharedSecret, opened, signature]
    expect(outputs.map(({ length }) => length).sort((a, b) => a - b)).toEqual([
      32, 32, 666, 897, 1088, 1184, 1281, 2400,
    ])
    for (const output of outputs) expect(Object.getPrototypeOf(output)).toBe(Uint8Array.prototype)
    expect(new Set(outputs.map(({ buffer }) => buffer)).size).toBe(outputs.length)
    expect([sealing.secretKey, signing.secretKey]).toEqual(before)
    expect(Object.isFrozen(kem) && Object.isFrozen(signer)).toBe(true)
    expect(kem).toMatchObject({ name: 'ML-KEM-768', publicKeyBytes: 1184, secretKeyBytes: 2400 })
    expect(kem).toMatchObject({ ciphertextBytes: 1088, sharedSecretBytes: 32 })
    expect(signer).toMatchObject({
      name: 'Falcon-512',
      publicKeyBytes: 897,
      secretKeyBytes: 1281,
      signatureBytes: 666,
    })
  })
})

describe('the package', () => {
  it('gives out the proven algorithms and nothing that leads below them', () => {
    expect(Object.keys(entry).sort()).toEqual(['AlgorithmLoadError', 'loadPostQuantum'])
    expect(entry.loadPostQuantum).toHaveLength(0)
  })
})
