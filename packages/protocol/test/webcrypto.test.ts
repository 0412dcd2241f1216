import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { createWebCryptoClassical, hkdf } from '../src/index.js'
import { isLowS } from '../src/p256.js'
import { hex, toHex } from './support/fed-algorithms.js'

interface Case {
  readonly tcId: number
  readonly comment: string
  readonly result: 'valid' | 'invalid' | 'acceptable'
  readonly msg: string
  readonly sig: string
  readonly key: string
  readonly iv: string
  readonly aad: string
  readonly ct: string
  readonly tag: string
  readonly ikm: string
  readonly salt: string
  readonly info: string
  readonly size: number
  readonly okm: string
}
interface Group {
  readonly keySize: number
  readonly tagSize: number
  readonly ivSize: number
  readonly publicKey: { readonly uncompressed: string }
  readonly tests: readonly Case[]
}

/** Project Wycheproof; see tests/vectors/wycheproof/README.md. */
const groupsOf = (file: string): readonly Group[] => {
  const url = new URL(`../../../tests/vectors/wycheproof/${file}.json`, import.meta.url)
  return (JSON.parse(readFileSync(url, 'utf8')) as { testGroups: readonly Group[] }).testGroups
}
const classical = createWebCryptoClassical()

describe('WebCrypto, by the vectors of Wycheproof', () => {
  it('judges ECDSA as they say, but takes no high s', async () => {
    let seen = 0
    for (const { publicKey, tests } of groupsOf('ecdsa_secp256r1_sha256_p1363_test')) {
      for (const one of tests) {
        const signature = hex(one.sig)
        const isTaken = one.result === 'valid' && isLowS(signature)
        const verdict = await classical.ecdsaVerify(hex(publicKey.uncompressed), hex(one.msg), signature)
        expect(verdict, `${one.tcId}: ${one.comment}`).toBe(isTaken)
        seen += 1
      }
    }
    expect(seen).toBe(262)
  })

  it('opens AES-256-GCM as they say, and takes nonces of 12 bytes only', async () => {
    let seen = 0
    for (const { keySize, ivSize, tests } of groupsOf('aes_gcm_test')) {
      if (keySize !== 256) continue
      for (const one of tests) {
        seen += 1
        const [key, nonce, aad] = [hex(one.key), hex(one.iv), hex(one.aad)]
        if (ivSize !== 96) {
          await expect(classical.aesGcmSeal(key, nonce, aad, hex(one.msg))).rejects.toMatchObject({ code: 'usage' })
          continue
        }
        const opened = await classical.aesGcmOpen(key, nonce, aad, hex(one.ct + one.tag))
        expect(opened && toHex(opened), `${one.tcId}: ${one.comment}`).toBe(one.result === 'valid' ? one.msg : null)
        if (one.result === 'valid')
          expect(toHex(await classical.aesGcmSeal(key, nonce, aad, hex(one.msg)))).toBe(one.ct + one.tag)
      }
    }
    expect(seen).toBe(105)
  })

  it('gives HKDF as they say, and never more than 8160 bytes', async () => {
    for (const { tests } of groupsOf('hkdf_sha256_test')) {
      for (const one of tests) {
        const derived = hkdf(classical, hex(one.salt), hex(one.ikm), hex(one.info), one.size)
        if (one.result === 'valid') expect(toHex(await derived), `${one.tcId}: ${one.comment}`).toBe(one.okm)
        else await expect(derived).rejects.toMatchObject({ code: 'usage' })
      }
    }
  })

  it('gives HMAC as they say', async () => {
    for (const { tagSize, tests } of groupsOf('hmac_sha256_test')) {
      for (const one of tests) {
        const tag = (await classical.hmacSha256(hex(one.key), hex(one.msg))).subarray(0, tagSize / 8)
        expect(toHex(tag) === one.tag, `${one.tcId}: ${one.comment}`).toBe(one.result === 'valid')
      }
    }
  })
})

describe('WebCrypto with raw P-256 keys', () => {
  it('agrees on secrets, and signs with a low s', async () => {
    const [one, other] = [await classical.generateP256(), await classical.generateP256()]
    expect([one.publicKey.length, one.secretKey.length]).toEqual([65, 32])
    expect(await classical.ecdh(one, other.publicKey)).toEqual(await classical.ecdh(other, one.publicKey))
    const message = new TextEncoder().encode('hello')
    for (let round = 0; round < 20; round += 1) {
      const signature = await classical.ecdsaSign(one, message)
      expect(isLowS(signature)).toBe(true)
      expect(await classical.ecdsaVerify(one.publicKey, message, signature)).toBe(true)
      expect(await classical.ecdsaVerify(other.publicKey, message, signature)).toBe(false)
    }
  })

  it('refuses points off the curve before any private key meets them', async () => {
    const own = await classical.generateP256()
    const offCurve = own.publicKey.with(64, (own.publicKey[64] as number) ^ 1)
    await expect(classical.ecdh(own, offCurve)).rejects.toMatchObject({ code: 'refused', reason: 'key' })
    await expect(classical.ecdh({ ...own, secretKey: new Uint8Array(31) }, own.publicKey)).rejects.toMatchObject({
      code: 'usage',
    })
  })

  it('says what to do where the platform has none', () => {
    const { crypto } = globalThis
    Object.defineProperty(globalThis, 'crypto', { value: {}, configurable: true })
    try {
      expect(() => createWebCryptoClassical()).toThrow('a page needs https or localhost')
    } finally {
      Object.defineProperty(globalThis, 'crypto', { value: crypto, configurable: true })
    }
  })
})
