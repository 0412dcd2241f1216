import { randomBytes } from 'node:crypto'
import { toBeSigned } from '@qsm/protocol'
import { createNodeClassical } from '@qsm/server-kit'
import { loadPostQuantum } from '@qsm/wasm/noble'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { pointOfPem } from '../src/keys/p256-pem.js'
import { type Person, startQuantum, type TestQuantum } from './support/start-quantum.js'

let quantum: TestQuantum
let alice: Person
let keys: { falcon_public: string; ecdsa_public: string }

beforeAll(async () => {
  quantum = await startQuantum()
  alice = await quantum.person()
  const { body } = await alice.call('POST', '/api/quantum/keygen', { user_id: alice.userId })
  keys = { falcon_public: body.public_keys.falcon_512, ecdsa_public: body.public_keys.ecdsa_p256 }
})

afterAll(() => quantum.close())

const types = ['wrap_sign', 'falcon_only', 'ecdsa_only'] as const
const sign = async (signature_type: string, more: object = { message: 'hello' }) =>
  (await alice.call('POST', '/api/quantum/wrap_sign', { user_id: alice.username, signature_type, ...more })).body
const verify = (body: object) => alice.call('POST', '/api/quantum/wrap_verify', body)

/** What belongs to a verification of a type, and nothing else. */
const given = (type: (typeof types)[number], signed: Record<string, unknown>, message = 'hello') => ({
  message,
  signature_type: type,
  ...keys,
  falcon_signature: signed.falcon_signature,
  ecdsa_signature: signed.ecdsa_signature,
})

describe('signing with a managed key', () => {
  it.each([
    [
      'wrap_sign',
      { falcon_signature: 666, ecdsa_signature: 64 },
      'QSM/1 sig/rest',
      { falcon_valid: true, ecdsa_valid: true },
    ],
    ['falcon_only', { falcon_signature: 666 }, 'QSM/1 sig/rest-falcon', { falcon_valid: true, ecdsa_valid: null }],
    ['ecdsa_only', { ecdsa_signature: 64 }, 'QSM/1 sig/rest-ecdsa', { falcon_valid: null, ecdsa_valid: true }],
  ] as const)('as %s gives parts that hold', async (type, sizes, protocol, parts) => {
    const signed = await sign(type)
    expect(signed).toMatchObject({ signature_sizes: sizes, protocol })
    expect(Object.keys(signed.algorithms)).toEqual(Object.keys(sizes))
    const { status, body } = await verify(given(type, signed))
    expect([status, body]).toEqual([200, { valid: true, ...parts }])
  })

  it('takes text, bytes, nothing at all and 131 072 bytes', async () => {
    for (const more of [
      { message: '' },
      { message: 'Grüße' },
      { message: randomBytes(500).toString('base64'), encoding: 'base64' },
      { message: 'x'.repeat(131_072) },
    ]) {
      const signed = await sign('wrap_sign', more)
      const { body } = await verify({ ...given('wrap_sign', signed), ...more })
      expect(body.valid).toBe(true)
    }
  })

  it('signs what docs/protocol.md section 2 says, as another library finds', async () => {
    const [{ signer }, classical] = [await loadPostQuantum(), createNodeClassical()]
    const falconKey = Uint8Array.from(Buffer.from(keys.falcon_public, 'base64'))
    const ecdsaKey = pointOfPem(keys.ecdsa_public) as Uint8Array
    const message = new TextEncoder().encode('hello')
    const bytes = (text: string) => Uint8Array.from(Buffer.from(text, 'base64'))
    const fp = async (...parts: Uint8Array[]) => classical.sha256(...parts)

    const wrapped = await sign('wrap_sign')
    const tbs = toBeSigned('rest', 1, await fp(falconKey, ecdsaKey), message)
    const falcon = bytes(wrapped.falcon_signature)
    expect(await signer.verify(falconKey, tbs, falcon)).toBe(true)
    const outer = Uint8Array.from(Buffer.concat([tbs, falcon]))
    expect(await classical.ecdsaVerify(ecdsaKey, outer, bytes(wrapped.ecdsa_signature))).toBe(true)

    const inner = await sign('falcon_only')
    const alone = toBeSigned('rest-falcon', 1, await fp(falconKey), message)
    expect(await signer.verify(falconKey, alone, bytes(inner.falcon_signature))).toBe(true)
    const ecdsa = await sign('ecdsa_only')
    const other = toBeSigned('rest-ecdsa', 1, await fp(ecdsaKey), message)
    expect(await classical.ecdsaVerify(ecdsaKey, other, bytes(ecdsa.ecdsa_signature))).toBe(true)
  })
})

describe('verifying', () => {
  it('takes no part of one type for another', async () => {
    const [wrapped, falcon, ecdsa] = [await sign('wrap_sign'), await sign('falcon_only'), await sign('ecdsa_only')]
    const refused = [
      given('falcon_only', wrapped),
      given('ecdsa_only', wrapped),
      given('wrap_sign', { ...wrapped, falcon_signature: falcon.falcon_signature }),
      given('wrap_sign', { ...wrapped, ecdsa_signature: ecdsa.ecdsa_signature }),
      given('wrap_sign', { falcon_signature: falcon.falcon_signature, ecdsa_signature: ecdsa.ecdsa_signature }),
    ]
    for (const body of refused) expect((await verify(body)).body.valid).toBe(false)
  })

  it('tells which part does not hold', async () => {
    const [signed, again] = [await sign('wrap_sign'), await sign('wrap_sign')]
    const flipped = (text: string) => {
      const bytes = Buffer.from(text, 'base64')
      bytes[60] = (bytes[60] ?? 0) ^ 1
      return bytes.toString('base64')
    }
    const bad = { falcon_valid: false, ecdsa_valid: false, valid: false }
    expect((await verify(given('wrap_sign', signed, 'Hello'))).body).toEqual(bad)
    const falcon = { ...signed, falcon_signature: flipped(signed.falcon_signature) }
    expect((await verify(given('wrap_sign', falcon))).body).toEqual(bad)
    const ecdsa = { ...signed, ecdsa_signature: flipped(signed.ecdsa_signature) }
    expect((await verify(given('wrap_sign', ecdsa))).body).toEqual({ ...bad, falcon_valid: true })
    const mixed = { ...signed, falcon_signature: again.falcon_signature }
    expect((await verify(given('wrap_sign', mixed))).body).toEqual({ ...bad, falcon_valid: true })
  })

  it('refuses the high s of a signature that holds', async () => {
    const order = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n
    const signed = await sign('ecdsa_only')
    const bytes = Buffer.from(signed.ecdsa_signature, 'base64')
    const s = BigInt(`0x${bytes.subarray(32).toString('hex')}`)
    bytes.set(Buffer.from((order - s).toString(16).padStart(64, '0'), 'hex'), 32)
    const { body } = await verify(given('ecdsa_only', { ecdsa_signature: bytes.toString('base64') }))
    expect(body).toEqual({ valid: false, falcon_valid: null, ecdsa_valid: false })
  })

  it('judges 64 at once, each for itself and in their order', async () => {
    const signed = await sign('wrap_sign')
    const batch = Array.from({ length: 64 }, (_, index) =>
      given('wrap_sign', signed, index % 3 === 0 ? 'other' : 'hello'),
    )
    const before = await quantum.metric('qsm_crypto_operations_total', { operation: 'wrap_verify' })
    const { status, body } = await verify({ batch })
    expect(status).toBe(200)
    expect(body.results.map(({ valid }: { valid: boolean }) => valid)).toEqual(batch.map((_, index) => index % 3 !== 0))
    expect(await quantum.metric('qsm_crypto_operations_total', { operation: 'wrap_verify' })).toBe(before + 64)
  })

  it('names the entry of a batch whose key is none', async () => {
    const entry = given('wrap_sign', await sign('wrap_sign'))
    const { status, body } = await verify({
      batch: [entry, { ...entry, falcon_public: Buffer.alloc(897).toString('base64') }],
    })
    expect([status, body.error.code, body.error.field]).toEqual([422, 'key_refused', 'batch[1].falcon_public'])
  })
})
