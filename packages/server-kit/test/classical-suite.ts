import { p256 } from '@noble/curves/nist.js'
import type { Classical } from '@qsm/protocol'
import fc from 'fast-check'
import { expect, it } from 'vitest'

const order = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n
const bytes = (text: string) => new TextEncoder().encode(text)
const message = bytes('a message')
const flipped = (value: Uint8Array, at: number) => {
  const copy = Uint8Array.from(value)
  copy[at] = (copy[at] ?? 0) ^ 1
  return copy
}
const hex = (value: Uint8Array) => Buffer.from(value).toString('hex')
const numberOf = (value: Uint8Array) => BigInt(`0x${hex(value)}`)
const scalar = (value: bigint) => Uint8Array.from(Buffer.from(value.toString(16).padStart(64, '0'), 'hex'))
const refused = async (work: () => unknown) => {
  await expect((async () => work())()).rejects.toThrow()
}

/** What every `Classical` does alike, whichever platform is behind it. */
export const classicalSuite = (classical: Classical): void => {
  it('makes key pairs of 65 and 32 bytes that belong together', async () => {
    const pair = await classical.generateP256()
    expect([pair.publicKey.constructor.name, pair.secretKey.constructor.name]).toEqual(['Uint8Array', 'Uint8Array'])
    expect(p256.getPublicKey(pair.secretKey, false)).toEqual(pair.publicKey)
  })

  it('agrees with the other side, and with another implementation', async () => {
    const [a, b] = [await classical.generateP256(), await classical.generateP256()]
    const shared = await classical.ecdh(a, b.publicKey)
    expect(await classical.ecdh(b, a.publicKey)).toEqual(shared)
    expect(p256.getSharedSecret(a.secretKey, b.publicKey, true).slice(1)).toEqual(shared)
  })

  it('refuses points that are compressed, too short, too large or not on the curve', async () => {
    const [a, b] = [await classical.generateP256(), await classical.generateP256()]
    const compressed = p256.getPublicKey(b.secretKey, true)
    const hybrid = Uint8Array.from(b.publicKey)
    hybrid[0] = 6
    const large = Uint8Array.from([4, ...new Uint8Array(64).fill(255)])
    const points = [compressed, hybrid, flipped(b.publicKey, 64), new Uint8Array(65), large, b.publicKey.slice(0, 64)]
    for (const point of points) {
      await refused(() => classical.ecdh(a, point))
      const signature = await classical.ecdsaSign(b, message)
      await refused(() => classical.ecdsaVerify(point, message, signature))
    }
  })

  it('refuses scalars that are zero, the order, or of another length', async () => {
    const { publicKey } = await classical.generateP256()
    for (const secretKey of [
      new Uint8Array(32),
      scalar(order),
      new Uint8Array(31).fill(1),
      new Uint8Array(33).fill(1),
    ]) {
      await refused(() => classical.ecdsaSign({ publicKey, secretKey }, message))
      await refused(() => classical.ecdh({ publicKey, secretKey }, publicKey))
    }
  })

  it('signs with a low s, so that another implementation accepts it', async () => {
    const pair = await classical.generateP256()
    for (let round = 0; round < 50; round += 1) {
      const text = bytes(`message ${round}`)
      const signature = await classical.ecdsaSign(pair, text)
      expect(signature).toHaveLength(64)
      expect(numberOf(signature.subarray(32)) <= order / 2n).toBe(true)
      expect(p256.verify(signature, text, pair.publicKey, { lowS: true })).toBe(true)
      expect(await classical.ecdsaVerify(pair.publicKey, text, signature)).toBe(true)
    }
  })

  it('refuses a signature with a high s, of another length, message or key, or with a changed bit', async () => {
    const [pair, other] = [await classical.generateP256(), await classical.generateP256()]
    const signature = await classical.ecdsaSign(pair, message)
    const high = Uint8Array.from(signature)
    high.set(scalar(order - numberOf(signature.subarray(32))), 32)
    const zero = new Uint8Array(64)
    const bad = [high, zero, signature.slice(0, 63), Uint8Array.from([...signature, 0]), new Uint8Array(0)]
    for (const one of [...bad, flipped(signature, 0), flipped(signature, 63)]) {
      expect(await classical.ecdsaVerify(pair.publicKey, message, one)).toBe(false)
    }
    expect(await classical.ecdsaVerify(other.publicKey, message, signature)).toBe(false)
    expect(await classical.ecdsaVerify(pair.publicKey, bytes('another'), signature)).toBe(false)
  })

  it('hashes parts as if they were one', async () => {
    const whole = await classical.sha256(bytes('abc'))
    expect(hex(whole)).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad')
    expect(await classical.sha256(bytes('a'), new Uint8Array(0), bytes('bc'))).toEqual(whole)
    expect(hex(await classical.sha256())).toBe('e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855')
  })

  it('makes HMACs with keys of any length, also none', async () => {
    const data = bytes('what do ya want for nothing?')
    expect(hex(await classical.hmacSha256(bytes('Jefe'), data))).toBe(
      '5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843',
    )
    expect(hex(await classical.hmacSha256(new Uint8Array(0), new Uint8Array(0)))).toBe(
      'b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad',
    )
  })

  it('seals and opens, and opens nothing that was changed', async () => {
    const [key, nonce] = [new Uint8Array(32).fill(7), new Uint8Array(12).fill(9)]
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 200 }), fc.uint8Array({ maxLength: 50 }), async (plaintext, aad) => {
        const sealed = await classical.aesGcmSeal(key, nonce, aad, plaintext)
        expect(sealed).toHaveLength(plaintext.length + 16)
        expect(await classical.aesGcmOpen(key, nonce, aad, sealed)).toEqual(Uint8Array.from(plaintext))
        expect(await classical.aesGcmOpen(key, nonce, aad, flipped(sealed, sealed.length - 1))).toBeNull()
        expect(await classical.aesGcmOpen(key, nonce, Uint8Array.from([...aad, 0]), sealed)).toBeNull()
      }),
      { numRuns: 50 },
    )
    const sealed = await classical.aesGcmSeal(key, nonce, new Uint8Array(0), message)
    for (const short of [new Uint8Array(0), sealed.slice(0, 15), sealed.slice(0, 16)]) {
      expect(await classical.aesGcmOpen(key, nonce, new Uint8Array(0), short)).toBeNull()
    }
  })

  it('throws for keys and nonces of another length', async () => {
    const [key, nonce, none] = [new Uint8Array(32), new Uint8Array(12), new Uint8Array(0)]
    await refused(() => classical.aesGcmSeal(new Uint8Array(16), nonce, none, message))
    await refused(() => classical.aesGcmSeal(key, new Uint8Array(16), none, message))
    await refused(() => classical.aesGcmOpen(new Uint8Array(31), nonce, none, new Uint8Array(32)))
    await refused(() => classical.aesGcmOpen(key, new Uint8Array(8), none, new Uint8Array(32)))
  })

  it('leaves what it was given as it was', async () => {
    const pair = await classical.generateP256()
    const before = hex(pair.secretKey)
    await classical.ecdsaSign(pair, message)
    await classical.ecdh(pair, pair.publicKey)
    expect(hex(pair.secretKey)).toBe(before)
  })
}
