import { readFileSync } from 'node:fs'
import { type Classical, hkdf } from '@qsm/protocol'
import { expect, it } from 'vitest'

interface Case {
  readonly tcId: number
  readonly result: 'valid' | 'invalid'
}
type Group<C> = { readonly tests: readonly (C & Case)[] } & Readonly<Record<string, unknown>>

const groups = <C>(name: string): readonly Group<C>[] =>
  JSON.parse(readFileSync(new URL(`../vectors/wycheproof/${name}_test.json`, import.meta.url), 'utf8')).testGroups
const cases = <C>(name: string): readonly (C & Case)[] => groups<C>(name).flatMap(({ tests }) => tests)

const bytes = (hex: string): Uint8Array => Uint8Array.from(Buffer.from(hex, 'hex'))
const hex = (value: Uint8Array): string => Buffer.from(value).toString('hex')
const refuses = async (run: () => unknown): Promise<boolean> => {
  try {
    await run()
    return false
  } catch {
    return true
  }
}

const order = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n
const scalar = (value: bigint): string => value.toString(16).padStart(64, '0')

/** The one INTEGER at `at` in strict DER, 32 bytes at most: its number and where it ends. Null for anything else. */
const derInteger = (der: Uint8Array, at: number): { readonly value: bigint; readonly end: number } | null => {
  const length = der[at + 1] ?? 0
  const content = der.subarray(at + 2, at + 2 + length)
  const [first = 0, second = 0] = content
  const isMinimal = length > 0 && first < 0x80 && (first !== 0 || length === 1 || second >= 0x80)
  if (der[at] !== 0x02 || content.length !== length || !isMinimal || length > 33) return null
  const value = BigInt(`0x${hex(content)}`)
  return value < 1n << 256n ? { value, end: at + 2 + length } : null
}

/** r and s of a signature in strict DER (RFC 3279 section 2.2.3), as 128 hex digits; null when it is no such thing. */
const fromDer = (sig: string): string | null => {
  const der = bytes(sig)
  if (der[0] !== 0x30 || der[1] !== der.length - 2) return null
  const r = derInteger(der, 2)
  const s = r && derInteger(der, r.end)
  return s && s.end === der.length ? scalar(r.value) + scalar(s.value) : null
}

/** The vectors of Wycheproof for what the platform provides. How each file is read stands in the README beside it. */
export const wycheproofSuite = (classical: Classical): void => {
  /** Verdicts for r ‖ s in hex; what is valid but for a high s must be refused, and accepted with the low one. */
  const verdict = async (key: string, msg: string, sig: string): Promise<string> => {
    const verify = (signature: string) => classical.ecdsaVerify(bytes(key), bytes(msg), bytes(signature))
    const accepted = await verify(sig)
    const s = BigInt(`0x0${sig.slice(64)}`)
    if (sig.length !== 128 || s <= order / 2n || s >= order) return accepted ? 'valid' : 'invalid'
    if (accepted) return 'high s was accepted'
    return (await verify(sig.slice(0, 64) + scalar(order - s))) ? 'valid with low s' : 'invalid'
  }
  interface Signed {
    readonly msg: string
    readonly sig: string
  }

  it('accepts and refuses the 262 ECDSA signatures in the form r ‖ s', async () => {
    const seen: Record<string, number> = {}
    for (const { publicKey, tests } of groups<Signed>('ecdsa_secp256r1_sha256_p1363')) {
      for (const { tcId, msg, sig, result } of tests) {
        const found = await verdict((publicKey as { uncompressed: string }).uncompressed, msg, sig)
        expect([tcId, found.split(' ')[0]]).toEqual([tcId, result])
        seen[found] = (seen[found] ?? 0) + 1
      }
    }
    expect(seen).toEqual({ valid: 103, 'valid with low s': 70, invalid: 89 })
  })

  it('accepts and refuses the 484 ECDSA signatures in DER, converted', async () => {
    const seen: Record<string, number> = { 'no DER of r and s': 0 }
    for (const { publicKey, tests } of groups<Signed>('ecdsa_secp256r1_sha256')) {
      for (const { tcId, msg, sig, result } of tests) {
        const signature = fromDer(sig)
        // There is no way in for DER, so wrong encodings end here.
        const found = signature
          ? await verdict((publicKey as { uncompressed: string }).uncompressed, msg, signature)
          : 'no DER of r and s'
        expect([tcId, found.startsWith('valid') ? 'valid' : 'invalid']).toEqual([tcId, result])
        seen[found] = (seen[found] ?? 0) + 1
      }
    }
    expect(seen).toEqual({ valid: 103, 'valid with low s': 71, invalid: 75, 'no DER of r and s': 235 })
  })

  it('seals and opens AES-256-GCM with nonces of 12 bytes and refuses keys and nonces of other sizes', async () => {
    const seen = { valid: 0, invalid: 0, otherNonce: 0, otherKey: 0 }
    type Sealed = Readonly<Record<'key' | 'iv' | 'aad' | 'msg' | 'ct' | 'tag', string>>
    for (const { keySize, ivSize, tests } of groups<Sealed>('aes_gcm')) {
      for (const { tcId, key, iv, aad, msg, ct, tag, result } of tests) {
        const open = async () => classical.aesGcmOpen(bytes(key), bytes(iv), bytes(aad), bytes(ct + tag))
        const seal = async () => classical.aesGcmSeal(bytes(key), bytes(iv), bytes(aad), bytes(msg))
        if (keySize === 256 && ivSize === 96) {
          expect([tcId, await open()]).toEqual([tcId, result === 'valid' ? bytes(msg) : null])
          if (result === 'valid') expect([tcId, hex(await seal())]).toEqual([tcId, ct + tag])
          seen[result] += 1
        } else {
          expect([tcId, await refuses(open), await refuses(seal)]).toEqual([tcId, true, true])
          seen[keySize === 256 ? 'otherNonce' : 'otherKey'] += 1
        }
      }
    }
    expect(seen).toEqual({ valid: 39, invalid: 27, otherNonce: 39, otherKey: 211 })
  })

  it('derives the 83 HKDF outputs and refuses the 3 that are too long', async () => {
    const seen = { valid: 0, invalid: 0 }
    type Derived = Readonly<Record<'ikm' | 'salt' | 'info' | 'okm', string>> & { readonly size: number }
    for (const { tcId, ikm, salt, info, size, okm, result } of cases<Derived>('hkdf_sha256')) {
      const derive = () => hkdf(classical, bytes(salt), bytes(ikm), bytes(info), size)
      if (result === 'valid') expect([tcId, hex(await derive())]).toEqual([tcId, okm])
      else expect([tcId, await refuses(derive)]).toEqual([tcId, true])
      seen[result] += 1
    }
    expect(seen).toEqual({ valid: 83, invalid: 3 })
  })

  it('makes the HMAC tags of 174 cases, whole or cut to 16 bytes', async () => {
    const seen = { valid: 0, invalid: 0 }
    for (const { tcId, key, msg, tag, result } of cases<Record<'key' | 'msg' | 'tag', string>>('hmac_sha256')) {
      const made = hex(await classical.hmacSha256(bytes(key), bytes(msg))).slice(0, tag.length)
      expect([tcId, made === tag]).toEqual([tcId, result === 'valid'])
      seen[result] += 1
    }
    expect(seen).toEqual({ valid: 66, invalid: 108 })
  })
}
