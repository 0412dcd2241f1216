import { createPublicKey } from 'node:crypto'
import { newId } from '@qsm/server-kit'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startQuantum, type TestQuantum } from './support/start-quantum.js'

let quantum: TestQuantum

beforeAll(async () => {
  quantum = await startQuantum()
})

afterAll(() => quantum.close())

const keygen = '/api/quantum/keygen'

describe('making managed keys', () => {
  it.each([
    ['all', ['ml_kem_768', 'falcon_512', 'ecdsa_p256']],
    ['kem', ['ml_kem_768']],
    ['sig', ['falcon_512']],
    ['ecdsa', ['ecdsa_p256']],
  ])('of type %s gives the public keys of %j and their sizes', async (key_type, fields) => {
    const alice = await quantum.person()
    const { status, body } = await alice.call('POST', keygen, { user_id: alice.username, key_type })
    expect(status).toBe(201)
    expect(body.user_id).toBe(alice.userId)
    expect(Object.keys(body.public_keys)).toEqual(fields)
    expect(Object.keys(body.key_sizes)).toEqual(fields)
    const listed = await alice.call('GET', `/api/quantum/session/${alice.userId}`)
    expect(listed.body).toEqual({ user_id: alice.userId, keys: fields })
    if (body.public_keys.ecdsa_p256) {
      expect(createPublicKey(body.public_keys.ecdsa_p256).asymmetricKeyDetails?.namedCurve).toBe('prime256v1')
    }
  })

  it('takes the own name in any case, or the own id', async () => {
    const alice = await quantum.person('Alice_In-Caps')
    for (const user_id of ['alice_in-caps', 'ALICE_IN-CAPS', alice.userId, alice.userId.toUpperCase()]) {
      expect((await alice.call('POST', keygen, { user_id, key_type: 'ecdsa' })).status).toBe(201)
    }
  })

  it('again replaces the keys before, under a new id and a higher version', async () => {
    const alice = await quantum.person()
    const make = async () => (await alice.call('POST', keygen, { user_id: alice.userId, key_type: 'ecdsa' })).body
    const stored = () =>
      quantum.context.database.query<{ key_id: string; version: number }>(
        'SELECT key_id, version FROM crypto.managed_key WHERE user_id = $1',
        [alice.userId],
      )
    const [first, [before]] = [await make(), await stored()]
    const [second, [after]] = [await make(), await stored()]
    expect(second.public_keys).not.toEqual(first.public_keys)
    expect(after?.key_id).not.toBe(before?.key_id)
    expect([before?.version, after?.version]).toEqual([1, 2])
  })

  it('by many requests at once leaves one key of each kind, which is the newest version', async () => {
    const alice = await quantum.person()
    const answers = await Promise.all(
      Array.from({ length: 12 }, () => alice.call('POST', keygen, { user_id: alice.userId, key_type: 'all' })),
    )
    const made = answers.filter(({ status }) => status === 201)
    const refused = answers.filter(({ status }) => status !== 201)
    for (const { status, retryAfter } of refused)
      expect([status, retryAfter]).toEqual([503, expect.stringMatching(/^[12]$/)])
    expect(made.length).toBeGreaterThan(0)
    const rows = await quantum.context.database.query<{ algorithm: string; version: number }>(
      'SELECT algorithm, version FROM crypto.managed_key WHERE user_id = $1 ORDER BY algorithm',
      [alice.userId],
    )
    expect(rows.map(({ algorithm }) => algorithm)).toEqual(['ECDSA-P256-SHA256', 'Falcon-512', 'ML-KEM-768'])
    for (const { version } of rows) expect(version).toBe(made.length)
    const signed = await alice.call('POST', '/api/quantum/wrap_sign', { user_id: alice.userId, message: 'hello' })
    expect(signed.status).toBe(200)
  })

  it('is counted', async () => {
    const alice = await quantum.person()
    const before = await quantum.metric('qsm_crypto_operations_total', { operation: 'keygen' })
    await alice.call('POST', keygen, { user_id: alice.userId, key_type: 'ecdsa' })
    expect(await quantum.metric('qsm_crypto_operations_total', { operation: 'keygen' })).toBe(before + 1)
  })
})

describe('destroying managed keys', () => {
  it('leaves none, and a version that no later key has', async () => {
    const alice = await quantum.person()
    await alice.call('POST', keygen, { user_id: alice.userId })
    expect((await alice.call('DELETE', `/api/quantum/session/${alice.username}`)).status).toBe(204)
    expect((await alice.call('DELETE', `/api/quantum/session/${alice.username}`)).status).toBe(204)
    expect((await alice.call('GET', `/api/quantum/session/${alice.username}`)).body.keys).toEqual([])
    const signed = await alice.call('POST', '/api/quantum/wrap_sign', { user_id: alice.userId, message: 'hello' })
    expect(signed).toMatchObject({ status: 404, body: { error: { code: 'not_found' } } })
    await alice.call('POST', keygen, { user_id: alice.userId, key_type: 'kem' })
    const [row] = await quantum.context.database.query<{ version: number }>(
      'SELECT version FROM crypto.managed_key WHERE user_id = $1',
      [alice.userId],
    )
    expect(row?.version).toBe(2)
  })

  it('happens to every key of an account that is deleted', async () => {
    const [alice, bob] = [await quantum.person(), await quantum.person()]
    for (const person of [alice, bob]) await person.call('POST', keygen, { user_id: person.userId })
    const at = new Date(quantum.clock.now()).toISOString()
    quantum.feed.add({ type: 'deleted', user_id: alice.userId, username: alice.username, session_id: null, at })
    await quantum.app.owners.sync()
    for (const table of ['managed_key', 'managed_key_version', 'owner']) {
      const rows = await quantum.context.database.query<{ user_id: string }>(`SELECT user_id FROM crypto.${table}`)
      const owners = rows.map(({ user_id }) => user_id)
      expect([table, owners.includes(alice.userId), owners.includes(bob.userId)]).toEqual([table, false, true])
    }
  })
})

describe('the keys of somebody else', () => {
  it('are refused with 403 before anything is computed, whether there are any or not', async () => {
    const [alice, mallory] = [await quantum.person(), await quantum.person()]
    await alice.call('POST', keygen, { user_id: alice.userId })
    const counted = () => quantum.context.metrics.text().then(({ body }) => body.match(/^qsm_crypto_operations.*$/gm))
    const before = await counted()
    const ciphertext = Buffer.alloc(1088).toString('base64')
    for (const user_id of [alice.username, alice.userId, newId(), 'nobody-at-all']) {
      for (const [method, path, body] of [
        ['POST', keygen, { user_id }],
        ['POST', '/api/quantum/decapsulate', { user_id, ciphertext, session_id: 's' }],
        ['POST', '/api/quantum/wrap_sign', { user_id, message: 'hello' }],
        ['GET', `/api/quantum/session/${user_id}`, undefined],
        ['DELETE', `/api/quantum/session/${user_id}`, undefined],
      ] as const) {
        const answer = await mallory.call(method, path, body)
        expect([method, path, answer.status, answer.body.error]).toEqual([
          method,
          path,
          403,
          expect.objectContaining({ code: 'forbidden', field: 'user_id' }),
        ])
      }
    }
    expect(await counted()).toEqual(before)
    expect((await alice.call('GET', `/api/quantum/session/${alice.userId}`)).body.keys).toHaveLength(3)
  })
})
