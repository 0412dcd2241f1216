import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import type { HashThreads } from '../src/passwords/hash-threads.js'
import type { Answer } from './support/call.js'
import { newName, password, startAuth, type TestAuth } from './support/start-auth.js'

// The real functions, counted.
const verify = vi.hoisted(() => vi.fn<HashThreads['verify']>())
vi.mock('../src/passwords/hash-threads.js', async importOriginal => {
  const real = await importOriginal<typeof import('../src/passwords/hash-threads.js')>()
  const startHashThreads: typeof real.startHashThreads = (...how) => {
    const threads = real.startHashThreads(...how)
    verify.mockImplementation(threads.verify)
    return { ...threads, verify }
  }
  return { ...real, startHashThreads }
})

let auth: TestAuth
let quantumIsThere = false

beforeAll(async () => {
  auth = await startAuth({ quantumReady: () => quantumIsThere })
})

afterAll(() => auth.close())

beforeEach(() => {
  verify.mockClear()
})

const form = 'application/x-www-form-urlencoded'
const loginByForm = (body: string, contentType = form) =>
  auth.call('POST', '/api/login', { body, headers: { 'Content-Type': contentType } })

describe('logging in', () => {
  test('gives a bearer token for 30 minutes, a refresh token, and who it is', async () => {
    const { body: registered } = await auth.register({ username: 'Log-In' })
    const { status, body, headers } = await auth.tryLogin('log-in', password)
    expect(status).toBe(200)
    expect(body).toEqual({
      access_token: expect.stringMatching(/^[\w-]+\.[\w-]+\.[\w-]{43}$/),
      token_type: 'bearer',
      expires_in: 1_800,
      refresh_token: expect.stringMatching(/^qsr_[\w-]{43}$/),
      username: 'Log-In',
      user_id: registered.user_id,
      quantum_ready: false,
    })
    expect(headers.get('cache-control')).toContain('no-store')
    const { userId, username, expiresAt } = auth.tokens.verifyAccess(body.access_token)
    expect({ userId, username, expiresAt }).toEqual({
      userId: registered.user_id,
      username: 'Log-In',
      expiresAt: auth.clock.now() + 1_800_000,
    })
  })

  test('says whether the quantum service is there now, as do registering and refreshing', async () => {
    quantumIsThere = true
    try {
      const username = newName()
      const registered = await auth.register({ username })
      const { body } = await auth.tryLogin(username, password)
      const refreshed = await auth.refresh(body.refresh_token)
      expect([registered.body, body, refreshed.body].map(answer => answer.quantum_ready)).toEqual([true, true, true])
    } finally {
      quantumIsThere = false
    }
  })

  test('works by form as by JSON, with what forms escape', async () => {
    const username = newName()
    const odd = 'ä+b &=%20 "1"'
    await auth.register({ username, password: odd })
    const body = new URLSearchParams({ username, password: odd }).toString()
    for (const contentType of [form, `${form}; charset=UTF-8`]) {
      const answer = await loginByForm(body, contentType)
      expect([answer.status, answer.body.username]).toEqual([200, username])
    }
    expect((await loginByForm(body.replace('%C3%A4', 'a'))).status).toBe(401)
  })

  test.each([
    ['a field twice', 'username=abc&username=abd&password=x', 'username'],
    ['an unknown field', 'username=abc&password=x&scope=all', 'scope'],
    ['a field that reaches for a prototype', 'username=abc&password=x&__proto__=1', '__proto__'],
    ['no password', 'username=abc', 'password'],
    ['a NUL', 'username=abc%00&password=x', 'username'],
    ['nothing in it', '%', 'username'],
  ])('by a form with %s is refused, and the field is named', async (_, body, field) => {
    const answer = await loginByForm(body)
    expect(answer.status).toBe(400)
    expect(answer.body.error.message).toContain(field)
  })

  test('by any other content type is refused', async () => {
    const body = JSON.stringify({ username: 'abc', password })
    for (const contentType of ['text/plain', 'multipart/form-data; boundary=x', 'application/json; charset=latin1']) {
      expect((await loginByForm(body, contentType)).status).toBe(415)
    }
    const registering = await auth.call('POST', '/api/register', { body: 'a=b', headers: { 'Content-Type': form } })
    expect(registering.status).toBe(415)
  })

  test('makes a new session each time, and the sessions do not touch each other', async () => {
    const alice = await auth.person()
    const { body } = await auth.tryLogin(alice.username, password)
    const token = body.access_token
    expect(auth.tokens.verifyAccess(token).sessionId).not.toBe(alice.sessionId)
    await auth.call('POST', '/api/logout', { token })
    expect((await auth.call('GET', '/api/me', { token })).status).toBe(401)
    expect((await alice.call('GET', '/api/me')).status).toBe(200)
  })
})

/** An answer without what differs from request to request. */
const told = ({ status, headers, body }: Answer) => {
  const { 'x-request-id': _, date: __, ...stay } = Object.fromEntries(headers)
  return { status, headers: stay, body: { ...body, timestamp: '', error: { ...body.error, request_id: '' } } }
}

describe('an unknown user, a wrong password and a disabled account', () => {
  test('get the same answer, byte for byte but for the id of the request', async () => {
    const [alice, bob] = [await auth.person(), await auth.person()]
    await auth.context.database.query(`UPDATE auth.account SET state = 'disabled' WHERE user_id = $1`, [bob.userId])
    const wrong = await auth.tryLogin(alice.username, 'not her password')
    expect([wrong.status, wrong.body.error.code]).toEqual([401, 'invalid_credentials'])
    for (const [username, given] of [
      ['nobody-at-all', 'not her password'],
      ['no name at all: ü\n', password],
      [bob.username, password],
      [bob.username, 'not his password'],
    ] as const) {
      expect(told(await auth.tryLogin(username, given))).toEqual(told(wrong))
    }
  })

  test('each cost one argon2id verification at the same cost as the right password', async () => {
    const [alice, bob] = [await auth.person(), await auth.person()]
    await auth.context.database.query(`UPDATE auth.account SET state = 'disabled' WHERE user_id = $1`, [bob.userId])
    const costOf = async (username: string, given: string): Promise<readonly string[]> => {
      verify.mockClear()
      await auth.tryLogin(username, given)
      return verify.mock.calls.map(([hash]) => String(hash).split('$').slice(0, 4).join('$'))
    }
    const one = ['$argon2id$v=19$m=19456,t=2,p=1']
    expect(await costOf(alice.username, password)).toEqual(one)
    expect(await costOf(alice.username, 'not her password')).toEqual(one)
    expect(await costOf('nobody-at-all', 'not her password')).toEqual(one)
    expect(await costOf(bob.username, password)).toEqual(one)
  })

  test('a name that only folds to another one by the rules of other scripts is unknown', async () => {
    await auth.register({ username: 'kelvin' })
    expect((await auth.tryLogin('\u212Aelvin', password)).status).toBe(401)
    expect((await auth.tryLogin('KELVIN', password)).status).toBe(200)
  })

  test('the password that stands in for the one of nobody opens no account', async () => {
    expect((await auth.tryLogin('nobody', 'the password of nobody')).status).toBe(401)
  })
})
