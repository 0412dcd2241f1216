import { readFileSync } from 'node:fs'
import { createWebCryptoClassical } from '@qsm/protocol'
import { describe, expect, it, vi } from 'vitest'
import { createNodeClassical } from '../src/index.js'
import { classicalSuite } from './classical-suite.js'

const node = createNodeClassical()

describe('the classical algorithms of node:crypto', () => classicalSuite(node))
describe('the classical algorithms of WebCrypto', () => classicalSuite(createWebCryptoClassical()))

interface Vectors<C> {
  readonly testGroups: readonly ({
    readonly tests: readonly (C & { readonly tcId: number; readonly result: string })[]
  } & Record<string, unknown>)[]
}
const vectors = <C>(name: string): Vectors<C> =>
  JSON.parse(readFileSync(new URL(`../../../tests/vectors/wycheproof/${name}`, import.meta.url), 'utf8'))
const bytes = (hex: unknown) => Uint8Array.from(Buffer.from(String(hex), 'hex'))
const order = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n

describe('the vectors of Wycheproof', () => {
  it('for ECDSA get their verdict, but that a high s is refused too', () => {
    const seen = { accepted: 0, refused: 0, highS: 0 }
    for (const group of vectors<{ msg: string; sig: string }>('ecdsa_secp256r1_sha256_p1363_test.json').testGroups) {
      const point = bytes((group.publicKey as { uncompressed: string }).uncompressed)
      for (const { tcId, msg, sig, result } of group.tests) {
        const isHigh = sig.length === 128 && BigInt(`0x${sig.slice(64)}`) > order / 2n
        const wanted = result === 'valid' && !isHigh
        expect([tcId, node.ecdsaVerify(point, bytes(msg), bytes(sig))]).toEqual([tcId, wanted])
        seen[wanted ? 'accepted' : isHigh ? 'highS' : 'refused'] += 1
      }
    }
    expect(Object.values(seen).every(count => count > 10)).toBe(true)
  })

  it('for AES-GCM with nonces of 12 bytes and tags of 16 get their verdict', () => {
    type Case = { key: string; iv: string; aad: string; msg: string; ct: string; tag: string }
    let count = 0
    for (const group of vectors<Case>('aes_gcm_test.json').testGroups) {
      if (group.ivSize !== 96 || group.tagSize !== 128 || group.keySize !== 256) continue
      for (const { tcId, key, iv, aad, msg, ct, tag, result } of group.tests) {
        const opened = node.aesGcmOpen(bytes(key), bytes(iv), bytes(aad), bytes(ct + tag))
        expect([tcId, opened]).toEqual([tcId, result === 'valid' ? bytes(msg) : null])
        if (result === 'valid')
          expect(node.aesGcmSeal(bytes(key), bytes(iv), bytes(aad), bytes(msg))).toEqual(bytes(ct + tag))
        count += 1
      }
    }
    expect(count).toBeGreaterThan(50)
  })

  it('for HMAC-SHA256 come out byte by byte', () => {
    let count = 0
    for (const group of vectors<{ key: string; msg: string; tag: string }>('hmac_sha256_test.json').testGroups) {
      for (const { tcId, key, msg, tag, result } of group.tests) {
        const made = Buffer.from(node.hmacSha256(bytes(key), bytes(msg)) as Uint8Array).toString('hex')
        expect([tcId, made.slice(0, tag.length) === tag]).toEqual([tcId, result === 'valid'])
        count += 1
      }
    }
    expect(count).toBeGreaterThan(100)
  })
})

describe('kept public keys', () => {
  it('verify as before after thousands of others came', () => {
    const message = bytes('aa')
    const first = node.generateP256() as { publicKey: Uint8Array; secretKey: Uint8Array }
    const signature = node.ecdsaSign(first, message) as Uint8Array
    expect(node.ecdsaVerify(first.publicKey, message, signature)).toBe(true)
    for (let round = 0; round < 4_200; round += 1) {
      const { publicKey } = node.generateP256() as { publicKey: Uint8Array }
      expect(node.ecdsaVerify(publicKey, message, signature)).toBe(false)
    }
    expect(node.ecdsaVerify(first.publicKey, message, signature)).toBe(true)
  })
})

describe('a private key that signs', () => {
  it('becomes no text and no number, which nobody could wipe', () => {
    const pair = node.generateP256() as { publicKey: Uint8Array; secretKey: Uint8Array }
    const texts: string[] = []
    const bigIntOf = BigInt
    const watch = (text: unknown) => texts.push(String(text))
    const numbers = vi.spyOn(globalThis, 'BigInt').mockImplementation(((from: string) => {
      watch(from)
      return bigIntOf(from)
    }) as typeof BigInt)
    const original = Buffer.prototype.toString
    const strings = vi.spyOn(Buffer.prototype, 'toString').mockImplementation(function (this: Buffer, ...rest) {
      const text = original.apply(this, rest)
      watch(text)
      return text
    })
    try {
      for (let times = 0; times < 20; times += 1) node.ecdsaSign(pair, bytes('aa'))
    } finally {
      numbers.mockRestore()
      strings.mockRestore()
    }
    const forms = (['hex', 'base64', 'base64url', 'latin1'] as const).map(form =>
      Buffer.from(pair.secretKey).toString(form),
    )
    expect(texts.filter(text => forms.some(form => text.includes(form)))).toEqual([])
    // High values of s were turned round meanwhile, so that the watch has seen something.
    expect(texts.length).toBeGreaterThan(0)
  })
})
