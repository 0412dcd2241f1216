import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { mainRoutes, quantumRoutes, type RouteContract } from '@qsm/contract'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { checkedFetch, checkedQuantumFetch } from '../support/checked-fetch.js'
import { createTestDatabase } from '../support/database.js'
import { startTestServer, type TestServer } from '../support/server.js'

const casesPerRoute = 200
const folder = mkdtempSync(join(tmpdir(), 'qsm-fuzz-'))
let server: TestServer
let token = ''

const json = { 'content-type': 'application/json' }

/** Bodies that the quantum routes take, by operation: what is odd lies near to them. */
let quantumBodies: Readonly<Record<string, object>> = {}

const validQuantumBodies = async (): Promise<Readonly<Record<string, object>>> => {
  const post = async (route: string, body: object): Promise<Record<string, string>> => {
    const headers = { ...json, authorization: `Bearer ${token}` }
    const init = { method: 'POST', headers, body: JSON.stringify(body) }
    const response = await fetch(`${server.quantumUrl}/api/quantum/${route}`, init)
    if (!response.ok) throw new Error(`${route} is answered ${response.status}: ${await response.text()}`)
    return response.json() as Promise<Record<string, string>>
  }
  const generateManagedKeys = { user_id: 'fuzzed', key_type: 'ecdsa' }
  const made = await post('keygen', { ...generateManagedKeys, key_type: 'all' })
  const keys = made.public_keys as unknown as Record<string, string>
  const encapsulate = { receiver_public_key: keys.ml_kem_768, session_id: 's' }
  const { ciphertext } = await post('encapsulate', encapsulate)
  const wrapSign = { user_id: 'fuzzed', message: 'hello', signature_type: 'wrap_sign' }
  const { falcon_signature, ecdsa_signature } = await post('wrap_sign', wrapSign)
  const shared_secret = Buffer.alloc(32, 7).toString('base64')
  const encrypt = { plaintext: 'hello', shared_secret, aad: 'a' }
  const verification = { message: 'hello', falcon_signature, ecdsa_signature }
  return {
    generateManagedKeys,
    encapsulate,
    decapsulate: { user_id: 'fuzzed', ciphertext, session_id: 's' },
    wrapSign,
    wrapVerify: { ...verification, falcon_public: keys.falcon_512, ecdsa_public: keys.ecdsa_p256 },
    encrypt,
    decrypt: { ...(await post('encrypt', encrypt)), shared_secret, aad: 'a' },
  }
}

beforeAll(async () => {
  const database = await createTestDatabase()
  server = await startTestServer({ DATABASE_URL: database.url, QSM_DATA_DIR: folder, LOG_LEVEL: 'error' })
  const account = { username: 'fuzzed', email: 'f@example.org', password: 'password123' }
  await checkedFetch(`${server.url}/api/register`, { method: 'POST', headers: json, body: JSON.stringify(account) })
  const login = await checkedFetch(`${server.url}/api/login`, {
    method: 'POST',
    headers: json,
    body: JSON.stringify({ username: account.username, password: account.password }),
  })
  token = ((await login.json()) as { access_token: string }).access_token
  quantumBodies = await validQuantumBodies()
}, 60_000)

afterAll(async () => {
  await server.stop()
  rmSync(folder, { recursive: true, force: true })
})

const nastyText = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 60 }),
  fc.constantFrom(
    '',
    '\u0000',
    '\ud800',
    '__proto__',
    '../../x',
    "' OR 1=1 --",
    '9'.repeat(400),
    'A'.repeat(3_000),
    '%00',
    '=',
    'AA==',
  ),
  fc.uuid({ version: 7 }),
  fc.base64String({ maxLength: 2_000 }),
)
const nastyValue: fc.Arbitrary<unknown> = fc.oneof(
  nastyText,
  fc.constantFrom(0, -0, -1, 1e308, 2 ** 53, 1.5, null, true, [], {}, [[]], { a: { b: 1 } }),
  fc.array(nastyText, { maxLength: 4 }),
  fc.jsonValue({ maxDepth: 3 }),
)

/** Bodies near to the ones that the contract shows as examples, and bodies that are nothing like them. */
const bodyFor = (route: RouteContract): fc.Arbitrary<unknown> => {
  const example = quantumBodies[route.operationId] ?? (route as { example?: unknown }).example
  if (typeof example !== 'object' || example === null) return nastyValue
  const keys = Object.keys(example)
  const changed = fc
    .tuple(fc.constantFrom(...keys, 'unknown_field'), nastyValue)
    .map(([key, value]) => ({ ...example, [key]: value }))
  return fc.oneof(changed, fc.constant(example), nastyValue)
}

/** Lone surrogates cannot stand in a URL. */
const wellFormed = (text: string): string => Buffer.from(text, 'utf8').toString('utf8')

const pathFor = (route: RouteContract): fc.Arbitrary<string> => {
  const parts = route.path.split('/')
  const filled = parts.map(part =>
    part.startsWith('{') ? nastyText.map(text => encodeURIComponent(wellFormed(text))) : fc.constant(part),
  )
  const query = fc.option(fc.tuple(fc.constantFrom('after', 'limit', 'cursor', 'query', 'peer', 'x'), nastyText), {
    nil: null,
  })
  return fc.tuple(fc.tuple(...filled), query).map(([texts, pair]) => {
    const search = pair ? `?${new URLSearchParams({ [pair[0]]: wellFormed(pair[1]) })}` : ''
    return texts.join('/') + search
  })
}

/** What these routes do would take the token away from the others. */
const ending = new Set(['deleteAccount', 'logout', 'changePassword'])
const cases = [
  ...mainRoutes.map(route => ['main', route] as const),
  ...quantumRoutes.map(route => ['quantum', route] as const),
].filter(([, route]) => route.operationId !== 'openSocket' && route.operationId !== 'openNamedSocket')
const ordered = [
  ...cases.filter(([, route]) => !ending.has(route.operationId)),
  ...cases.filter(([, route]) => ending.has(route.operationId)),
]

describe(`${casesPerRoute} odd requests to each route never give a 5xx`, () => {
  it.each(
    ordered.map(([where, route]) => [`${route.method.toUpperCase()} ${route.path} (${where})`, where, route] as const),
  )(
    '%s',
    async (_, where, route) => {
      const isMain = where === 'main'
      const address = isMain ? server.url : server.quantumUrl
      const ask = isMain ? checkedFetch : checkedQuantumFetch
      const requests = fc.sample(fc.record({ path: pathFor(route), body: bodyFor(route) }), casesPerRoute)
      for (const { path, body } of requests) {
        const hasBody = route.body !== undefined
        const response = await ask(address + path, {
          method: route.method.toUpperCase(),
          headers: { authorization: `Bearer ${token}`, ...(hasBody ? json : {}) },
          body: hasBody ? (JSON.stringify(body) ?? '') : null,
        })
        const text = await response.text()
        expect(
          response.status,
          `${route.method} ${path} ${JSON.stringify(body)?.slice(0, 200)} → ${response.status} ${text.slice(0, 300)}`,
        ).toBeLessThan(500)
      }
    },
    60_000,
  )

  it('and the same process still answers', async () => {
    expect((await checkedFetch(`${server.url}/api/health`)).status).toBe(200)
    expect(() => process.kill(server.pid, 0)).not.toThrow()
    expect(server.log()).not.toContain('"level":50')
  })
})
