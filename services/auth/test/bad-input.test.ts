import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Login, password, startAuth, type TestAuth } from './support/start-auth.js'

let auth: TestAuth
let alice: Login

beforeAll(async () => {
  auth = await startAuth()
  alice = await auth.person()
})

afterAll(() => auth.close())

const routes: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  '/api/register': { username: 'bad-input-1', email: 'bad@example.org', password },
  '/api/login': { username: 'bad-input-1', password },
  '/api/token/refresh': { refresh_token: 'qsr_unknown' },
  '/api/password': { current_password: 'not the password', new_password: password },
}

const send = async (path: string, body: unknown, headers: Readonly<Record<string, string>> = {}) => {
  const answer = await auth.call('POST', path, { token: alice.token, body, headers })
  return { status: answer.status, error: answer.body?.error }
}

const lengths: Readonly<Record<string, readonly (readonly [how: string, value: string])[]>> = {
  username: [
    ['of 2 characters', 'ab'],
    ['of 51 characters', 'x'.repeat(51)],
    ['with a space', 'bad input'],
    ['with a dot', 'bad.input'],
    ['with a line break at its end', 'bad-input\n'],
    ['with a letter of another script', 'bаd-input'],
    ['that turns the direction', 'bad\u202einput'],
  ],
  email: [
    ['without @', 'bad.example.org'],
    ['with two @', 'bad@example@org'],
    ['with a space', 'bad @example.org'],
    ['of 2 characters', '@b'],
    ['of 255 characters', `${'a'.repeat(251)}@b.c`],
    ['that injects a header', 'bad@example.org\r\nBcc: x@y'],
  ],
  refresh_token: [['of 201 characters', 'x'.repeat(201)]],
  new_password: [
    ['of 7 characters', 'seven77'],
    ['of 257 bytes', 'x'.repeat(257)],
  ],
  current_password: [['of 257 bytes', 'ü'.repeat(129)]],
}

/** The same for every text field of every route. */
const always: readonly (readonly [how: string, value: unknown])[] = [
  ['that is a number', 12345678],
  ['that is true', true],
  ['that is null', null],
  ['that is a list', ['abcdefgh']],
  ['that is an object', { $ne: '' }],
  ['that is empty', ''],
  ['with a NUL', 'abc\u0000defgh'],
  ['with a lone high surrogate', 'abcdefgh\ud800'],
  ['with a lone low surrogate', '\udc00abcdefgh'],
  ['of 100 000 characters', 'x'.repeat(100_000)],
]

const table = Object.entries(routes).flatMap(([path, valid]) =>
  Object.keys(valid).flatMap(field => {
    const own = path === '/api/login' ? [] : (lengths[field] ?? [])
    const longest =
      path === '/api/login' && field === 'username' ? [['of 255 characters', 'x'.repeat(255)] as const] : []
    return [...always, ...own, ...longest].map(([how, value]) => [path, field, how, value] as const)
  }),
)

describe('a field', () => {
  test.each(table)('of %s: %s %s is refused by its name', async (path, field, _, value) => {
    const { status, error } = await send(path, { ...routes[path], [field]: value })
    expect([status, error.code, error.field]).toEqual([400, 'validation_failed', field])
    expect(error.message).toMatch(new RegExp(`^${field}: .`))
  })

  test.each(table.filter(([, , how]) => how === 'that is null'))(
    'of %s: %s that is missing is named',
    async (...row) => {
      const [path, field] = row
      const { [field]: _, ...rest } = routes[path] ?? {}
      const { status, error } = await send(path, rest)
      expect([status, error.code, error.field, error.message]).toEqual([
        400,
        'validation_failed',
        field,
        `${field}: is missing`,
      ])
    },
  )

  test('is never repeated in the answer, whatever was in it', async () => {
    const value = 'a secret that must not come back'.repeat(20)
    for (const [path, valid] of Object.entries(routes)) {
      for (const field of Object.keys(valid)) {
        const { error } = await send(path, { ...valid, [field]: value })
        expect(JSON.stringify(error)).not.toContain('a secret')
      }
    }
  })
})

describe.each(Object.keys(routes))('a body for %s', path => {
  const valid = routes[path]

  test('with an unknown field is refused, and the field is named', async () => {
    for (const field of ['role', 'user_id', 'state', 'Username', 'toString']) {
      const { status, error } = await send(path, { ...valid, [field]: 'x' })
      expect([status, error.code]).toEqual([400, 'validation_failed'])
      expect(error.message).toContain(field)
    }
  })

  test('that reaches for a prototype is refused by the name, and nothing is polluted', async () => {
    for (const key of ['__proto__', 'constructor', 'prototype']) {
      const text = `{"${key}":{"polluted":true},${JSON.stringify(valid).slice(1)}`
      const { status, error } = await send(path, text)
      expect([status, error.code, error.field]).toEqual([400, 'bad_request', key])
    }
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined()
  })

  test.each([
    ['is no JSON', '{"username":', 400, 'malformed_json'],
    ['is empty', '', 400, 'validation_failed'],
    ['is a list', '[]', 400, 'validation_failed'],
    ['is null', 'null', 400, 'validation_failed'],
    ['is nested deep', `${'['.repeat(50)}${']'.repeat(50)}`, 400, 'bad_request'],
    ['is over the limit', JSON.stringify({ padding: 'x'.repeat(262_145) }), 413, 'body_too_large'],
  ])('that %s is refused', async (_, body, status, code) => {
    const answer = await send(path, body)
    expect([answer.status, answer.error.code]).toEqual([status, code])
  })

  test('with a wrong content type or compression is refused', async () => {
    for (const headers of [{ 'Content-Type': 'text/plain' }, { 'Content-Encoding': 'gzip' }]) {
      expect((await send(path, JSON.stringify(valid), headers)).status).toBe(415)
    }
  })
})

test('a session id that is none is refused in the path, and an unknown query everywhere', async () => {
  for (const id of ['1', 'x', '%00', '01890a5d-ac96-774b-bcce-b302099a805', `${alice.sessionId}x`, "' OR 1=1 --"]) {
    const { status, body } = await alice.call('DELETE', `/api/sessions/${encodeURI(id)}`)
    expect([id, status]).toEqual([id, 400])
    if (id !== '%00') expect(body.error.field).toBe('path.id')
  }
  for (const path of ['/api/me', '/api/sessions', '/api/account/export']) {
    const { status, body } = await alice.call('GET', `${path}?user_id=1`)
    expect([status, body.error.field]).toEqual([400, 'user_id'])
  }
})

test('any JSON at all gets a 4xx or a proper answer from every route, and the service goes on', async () => {
  const fields = Object.values(routes).flatMap(valid => Object.keys(valid))
  const value = fc.oneof(
    fc.json({ maxDepth: 3 }).map(text => JSON.parse(text)),
    fc.string({ unit: 'binary', maxLength: 20 }),
    fc.constantFrom(alice.username, 'a@b', '\u0000', '\ud800', '__proto__', -0, 1e308),
  )
  const body = fc.dictionary(fc.oneof(fc.constantFrom(...fields, 'toString'), fc.string()), value, { maxKeys: 5 })
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...Object.keys(routes)), body, async (path, json) => {
      expect((await send(path, JSON.stringify(json))).status).toBeLessThan(500)
    }),
    { numRuns: 150 },
  )
  expect((await alice.call('GET', '/api/me')).status).toBe(200)
})
