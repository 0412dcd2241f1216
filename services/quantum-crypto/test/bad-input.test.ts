import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Person, startQuantum, type TestQuantum } from './support/start-quantum.js'

let quantum: TestQuantum
let alice: Person
let valid: Readonly<Record<string, Readonly<Record<string, unknown>>>>

const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64')
const zeros = (length: number): string => base64(new Uint8Array(length))
const post = (route: string, body: object) => alice.call('POST', `/api/quantum/${route}`, body)
/** A valid body of a route with some fields changed. */
const changed = (route: string, fields: object) => post(route, { ...valid[route], ...fields })

beforeAll(async () => {
  quantum = await startQuantum()
  alice = await quantum.person('alice')
  const user_id = alice.userId
  const { body: made } = await post('keygen', { user_id })
  const { body: signed } = await post('wrap_sign', { user_id, message: 'hello' })
  const { body: sealed } = await post('encapsulate', { receiver_public_key: made.public_keys.ml_kem_768 })
  const { body: encrypted } = await post('encrypt', { plaintext: 'hello', shared_secret: zeros(32) })
  valid = {
    keygen: { user_id },
    encapsulate: { receiver_public_key: made.public_keys.ml_kem_768, session_id: 's' },
    decapsulate: { user_id, ciphertext: sealed.ciphertext, session_id: sealed.session_id },
    wrap_sign: { user_id, message: 'hello' },
    wrap_verify: {
      message: 'hello',
      falcon_signature: signed.falcon_signature,
      ecdsa_signature: signed.ecdsa_signature,
      falcon_public: made.public_keys.falcon_512,
      ecdsa_public: made.public_keys.ecdsa_p256,
    },
    encrypt: { plaintext: 'hello', shared_secret: zeros(32) },
    decrypt: { ...encrypted, shared_secret: zeros(32) },
  }
})

afterAll(() => quantum.close())

const sized = [
  ['encapsulate', 'receiver_public_key', 1184],
  ['decapsulate', 'ciphertext', 1088],
  ['wrap_verify', 'falcon_signature', 666],
  ['wrap_verify', 'ecdsa_signature', 64],
  ['wrap_verify', 'falcon_public', 897],
  ['encrypt', 'shared_secret', 32],
  ['decrypt', 'shared_secret', 32],
  ['decrypt', 'nonce', 12],
  ['decrypt', 'tag', 16],
] as const

describe('every field of fixed size', () => {
  it.each(sized)('of %s: %s is taken with %i bytes, and with no other number', async (route, field, size) => {
    expect((await post(route, valid[route] as object)).status).toBeLessThan(300)
    for (const length of [0, size - 1, size + 1, 2 * size]) {
      const { status, body } = await changed(route, { [field]: zeros(length) })
      expect([length, status, body.error]).toEqual([
        length,
        400,
        expect.objectContaining({ code: 'validation_failed', field, message: expect.stringContaining(String(size)) }),
      ])
    }
  })

  it.each(sized)('of %s: %s is refused in any other base64', async (route, field) => {
    const text = String(valid[route]?.[field])
    const wrong = [
      `${text}=`,
      text.slice(0, -1),
      ` ${text}`,
      `${text}\n`,
      `-${text.slice(1)}`,
      `!${text.slice(1)}`,
      7,
      null,
    ]
    for (const value of wrong) {
      const { status, body } = await changed(route, { [field]: value })
      expect([value, status, body.error.code, body.error.field]).toEqual([value, 400, 'validation_failed', field])
    }
  })
})

describe('a public key that is none', () => {
  const unreduced = () => {
    const key = Buffer.from(String(valid.encapsulate?.receiver_public_key), 'base64')
    key.set([0xff, 0xff, 0xff], 300)
    return base64(key)
  }
  const seedOnly = () => {
    const key = Buffer.alloc(1184)
    key.fill(7, 1152)
    return base64(key)
  }
  it.each([
    ['all zero', () => zeros(1184)],
    ['all zero before its seed', seedOnly],
    ['not reduced', unreduced],
    ['all ones', () => base64(new Uint8Array(1184).fill(255))],
  ])('of ML-KEM-768: %s', async (_, key) => {
    const { status, body } = await changed('encapsulate', { receiver_public_key: key() })
    expect([status, body.error.code, body.error.field]).toEqual([422, 'key_refused', 'receiver_public_key'])
  })

  it.each([
    ['all zero', new Uint8Array(897)],
    ['all zero behind its header', new Uint8Array(897).with(0, 9)],
    ['of another degree', new Uint8Array(897).fill(1).with(0, 10)],
    ['not reduced', new Uint8Array(897).fill(255).with(0, 9)],
  ])('of Falcon-512: %s', async (_, key) => {
    const { status, body } = await changed('wrap_verify', { falcon_public: base64(key) })
    expect([status, body.error.code, body.error.field]).toEqual([422, 'key_refused', 'falcon_public'])
  })

  it('of P-256: a point off the curve', async () => {
    const lines = String(valid.wrap_verify?.ecdsa_public).trim().split('\n')
    const der = Buffer.from(lines.slice(1, -1).join(''), 'base64')
    der[90] = (der[90] ?? 0) ^ 1
    const text = der.toString('base64')
    const pem = [lines[0], text.slice(0, 64), text.slice(64), lines.at(-1), ''].join('\n')
    const { status, body } = await changed('wrap_verify', { ecdsa_public: pem })
    expect([status, body.error.code, body.error.field]).toEqual([422, 'key_refused', 'ecdsa_public'])
  })

  it('of P-256: everything but the one PEM', async () => {
    const pem = String(valid.wrap_verify?.ecdsa_public)
    expect((await changed('wrap_verify', { ecdsa_public: pem.replaceAll('\n', '\r\n') })).body.valid).toBe(true)
    expect((await changed('wrap_verify', { ecdsa_public: pem.trim() })).body.valid).toBe(true)
    const { generateKeyPairSync } = await import('node:crypto')
    const other = (namedCurve: string) =>
      generateKeyPairSync('ec', { namedCurve }).publicKey.export({ type: 'spki', format: 'pem' })
    const wrong = [
      '',
      'x',
      pem + pem,
      ` ${pem}`,
      `${pem}\n`,
      pem.replace('PUBLIC', 'PRIVATE'),
      pem.replace('\n', ''),
      pem.replaceAll('\n', ' '),
      pem.slice(0, 100),
      other('secp384r1'),
      other('secp256k1'),
      generateKeyPairSync('ed25519').publicKey.export({ type: 'spki', format: 'pem' }),
    ]
    for (const ecdsa_public of wrong) {
      const { status, body } = await changed('wrap_verify', { ecdsa_public })
      expect([ecdsa_public, status, body.error.code, body.error.field]).toEqual([
        ecdsa_public,
        400,
        'validation_failed',
        'ecdsa_public',
      ])
    }
  })
})

describe('other values that do not fit', () => {
  const long = 'x'.repeat(131_073)
  it.each([
    ['keygen', { key_type: 'rsa' }, 400, 'key_type'],
    ['keygen', { key_type: '' }, 400, 'key_type'],
    ['keygen', { user_id: '' }, 400, 'user_id'],
    ['keygen', { user_id: 'bob' }, 403, 'user_id'],
    ['keygen', { private_key: 'AA==' }, 400, 'body'],
    ['wrap_sign', { signature_type: 'rsa' }, 400, 'signature_type'],
    ['wrap_sign', { user_id: 'bob' }, 403, 'user_id'],
    ['wrap_sign', { message: long }, 400, 'message'],
    ['wrap_sign', { message: 'not base64!', encoding: 'base64' }, 400, 'message'],
    ['wrap_sign', { message: zeros(131_073), encoding: 'base64' }, 400, 'message'],
    ['wrap_sign', { encoding: 'hex' }, 400, 'encoding'],
    ['wrap_verify', { signature_type: 'both' }, 400, 'signature_type'],
    ['wrap_verify', { message: long }, 400, 'message'],
    ['wrap_verify', { falcon_public: null }, 400, 'falcon_public'],
    ['wrap_verify', { ecdsa_signature: null }, 400, 'ecdsa_signature'],
    ['encrypt', { plaintext: long }, 400, 'plaintext'],
    ['encrypt', { aad: long }, 400, 'aad'],
    ['decrypt', { ciphertext: zeros(131_073) }, 400, 'ciphertext'],
    ['encapsulate', { session_id: '' }, 400, 'session_id'],
    ['encapsulate', { session_id: 'x'.repeat(201) }, 400, 'session_id'],
    ['decapsulate', { session_id: 'a\u0000b' }, 400, 'session_id'],
    ['decapsulate', { user_id: 'bob' }, 403, 'user_id'],
  ])('%s with %.60j', async (route, fields, status, field) => {
    const answer = await changed(route, fields)
    expect([answer.status, answer.body.error.field]).toEqual([status, field])
  })

  it('a batch of none and of 65 is refused, one of 64 is taken', async () => {
    const entry = valid.wrap_verify
    const batch = (length: number) => post('wrap_verify', { batch: Array.from({ length }, () => entry) })
    expect(await batch(0)).toMatchObject({ status: 400, body: { error: { field: 'batch' } } })
    expect(await batch(65)).toMatchObject({ status: 400, body: { error: { field: 'batch' } } })
    expect((await batch(64)).status).toBe(200)
  })
})

it('whoever asks too often is told how long to wait, and others are not touched', async () => {
  const { createMemoryRateLimits } = await import('@qsm/server-kit')
  const perMinute = { calls: 8, signs: 1, keygens: 2 }
  const limited = await startQuantum({ rateLimits: createMemoryRateLimits(), perMinute })
  try {
    const [one, other] = [await limited.person(), await limited.person()]
    const make = (person: Person) =>
      person.call('POST', '/api/quantum/keygen', { user_id: person.userId, key_type: 'ecdsa' })
    const sign = (person: Person) =>
      person.call('POST', '/api/quantum/wrap_sign', {
        user_id: person.userId,
        message: 'a',
        signature_type: 'ecdsa_only',
      })
    const statuses = [await make(one), await make(one), await make(one), await sign(one), await sign(one)]
    expect(statuses.map(({ status }) => status)).toEqual([201, 201, 429, 200, 429])
    expect(statuses[2]).toMatchObject({
      body: { error: { code: 'rate_limited' } },
      retryAfter: expect.stringMatching(/^\d+$/),
    })
    const rest = [await sign(other), await make(other)]
    expect(rest.map(({ status }) => status)).toEqual([404, 201])
    const listed = []
    for (let count = 0; count < 6; count += 1) listed.push(await one.call('GET', `/api/quantum/session/${one.userId}`))
    expect(listed.map(({ status }) => status)).toEqual([200, 200, 200, 429, 429, 429])
  } finally {
    await limited.close()
  }
})
