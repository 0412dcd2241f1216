import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { newName, password, startAuth, type TestAuth } from './support/start-auth.js'

let auth: TestAuth

beforeAll(async () => {
  auth = await startAuth()
})

afterAll(() => auth.close())

const accountsNamed = (key: string) =>
  auth.context.database.query<{ username: string; email: string; password_hash: string }>(
    'SELECT username, email, password_hash FROM auth.account WHERE username_key = $1',
    [key],
  )

describe('registering', () => {
  test('answers 201 with the name as it was written, and the id that the tokens carry', async () => {
    const { status, body } = await auth.register({ username: 'Alice_1-x' })
    expect(status).toBe(201)
    expect(body).toEqual({
      message: 'Registered. Log in to get a token.',
      user_id: expect.stringMatching(/^[0-9a-f]{8}-[0-9a-f]{4}-7/),
      username: 'Alice_1-x',
      quantum_ready: false,
    })
    expect((await auth.tryLogin('Alice_1-x', password)).body.user_id).toBe(body.user_id)
  })

  test('keeps the address as given, and of the password only an argon2id hash of 19 MiB and two passes', async () => {
    const username = newName()
    await auth.register({ username, email: 'A.Lice+x@Example.ORG' })
    const [row] = await accountsNamed(username)
    expect(row?.email).toBe('A.Lice+x@Example.ORG')
    expect(row?.password_hash).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/)
  })

  test('takes a name once, in whatever case it comes, and the name works in every case', async () => {
    const { body } = await auth.register({ username: 'CaseD' })
    for (const username of ['CaseD', 'cased', 'CASED']) {
      const again = await auth.register({ username })
      expect([again.status, again.body.error.code, again.body.error.field]).toEqual([409, 'username_taken', 'username'])
      const { body: pair } = await auth.tryLogin(username, password)
      expect(pair).toMatchObject({ user_id: body.user_id, username: 'CaseD' })
    }
    expect(await accountsNamed('cased')).toHaveLength(1)
  })

  test('of one name from many at once makes one account', async () => {
    const answers = await Promise.all(
      Array.from({ length: 8 }, (_, index) => auth.register({ username: index % 2 ? 'At-Once' : 'at-once' })),
    )
    expect(answers.map(({ status }) => status).sort()).toEqual([201, ...Array(7).fill(409)])
    expect(await accountsNamed('at-once')).toHaveLength(1)
  })

  test.each([
    ['the shortest', 'abc', 'a@b'],
    ['the longest', 'x'.repeat(50), `${'a'.repeat(250)}@b.c`],
    ['what looks like SQL or an option', '--drop', "o'brien;--@example.org"],
    ['another script in the address', 'script-1', 'jürgen@bücher.example'],
  ])('takes %s', async (_, username, email) => {
    expect((await auth.register({ username, email })).status).toBe(201)
  })

  test('takes the same address for several accounts', async () => {
    const email = 'shared@example.org'
    expect((await auth.register({ email })).status).toBe(201)
    expect((await auth.register({ email })).status).toBe(201)
  })
})

describe('a password', () => {
  test.each([
    ['of 8 characters', 'eight888'],
    ['of 8 characters outside the first plane', '🎉🎈🎂🎁🎀🎊🎇🎆'],
    ['of 256 bytes', 'x'.repeat(256)],
    ['of 256 bytes in 128 characters', 'ü'.repeat(128)],
    ['of spaces, quotes and line breaks', ' " \n \t \' '],
  ])('%s works whole and as it stands', async (_, given) => {
    const username = newName()
    expect((await auth.register({ username, password: given })).status).toBe(201)
    expect((await auth.tryLogin(username, given)).status).toBe(200)
    for (const other of [[...given].slice(0, -1).join(''), [...given].slice(1).join('')]) {
      expect((await auth.tryLogin(username, other)).status).toBe(401)
    }
  })

  test.each([
    ['of 7 characters', 'seven77', 'at least 8 characters'],
    ['of 4 characters that take two units each', '🎉🎈🎂🎁', 'at least 8 characters'],
    ['of 257 bytes', 'x'.repeat(257), 'at most 256'],
    ['of 129 characters in 258 bytes', 'ü'.repeat(129), 'at most 256 bytes'],
  ])('%s is refused with the limit', async (_, given, limit) => {
    const { status, body } = await auth.register({ password: given })
    expect([status, body.error.code, body.error.field]).toEqual([400, 'validation_failed', 'password'])
    expect(body.error.message).toContain(limit)
  })

  test('written with composed letters or with letters and marks is one, at the login and when it is changed', async () => {
    const [composed, apart] = ['\u00FCber den Wolken', 'u\u0308ber\u00A0den Wolken']
    for (const [first, then] of [
      [composed, apart],
      [apart, composed],
    ] as const) {
      const username = newName()
      expect((await auth.register({ username, password: first })).status).toBe(201)
      const { status, body } = await auth.tryLogin(username, then)
      expect(status).toBe(200)
      const change = { current_password: then, new_password: first }
      const changed = await auth.call('POST', '/api/password', { token: body.access_token, body: change })
      expect(changed.status).toBe(204)
      expect((await auth.tryLogin(username, then)).status).toBe(200)
    }
  })

  test('that goes on where another ends is another: nothing is cut at 72 or at any other length', async () => {
    const username = newName()
    const long = 'p'.repeat(255)
    await auth.register({ username, password: long })
    for (const length of [72, 128, 254]) {
      auth.clock.advance(3_600_000)
      expect((await auth.tryLogin(username, long.slice(0, length))).status).toBe(401)
    }
    auth.clock.advance(3_600_000)
    expect((await auth.tryLogin(username, `${long}p`)).status).toBe(401)
    auth.clock.advance(3_600_000)
    expect((await auth.tryLogin(username, long)).status).toBe(200)
  })
})

test('outside production password123 registers, and a password that is the name', async () => {
  const development = await startAuth({ environment: 'development' })
  try {
    for (const server of [development, auth]) {
      expect((await server.register({ password: 'password123' })).status).toBe(201)
      expect((await server.register({ username: 'same-as-name', password: 'same-as-name' })).status).toBe(201)
    }
  } finally {
    await development.close()
  }
})

describe('in production', () => {
  let production: TestAuth

  beforeAll(async () => {
    production = await startAuth({ environment: 'production' })
  })

  afterAll(() => production.close())

  test.each(['password123', 'PassWord123', '12345678', 'qwertyuiop', 'Iloveyou'])('%s is refused', async given => {
    const { status, body } = await production.register({ password: given })
    expect([status, body.error.code, body.error.field]).toEqual([400, 'weak_password', 'password'])
    expect(body.error.message).toContain('choose another')
  })

  test('a password that is the name in any case is refused, and another is taken', async () => {
    const { status, body } = await production.register({ username: 'same-as-name', password: 'SAME-as-name' })
    expect([status, body.error.code]).toEqual([400, 'weak_password'])
    expect((await production.register({ username: 'same-as-name' })).status).toBe(201)
  })

  test('a change to one of the commonest is refused too, names its own field, and changes nothing', async () => {
    const alice = await production.person()
    const change = { current_password: password, new_password: 'password123' }
    const { status, body } = await alice.call('POST', '/api/password', change)
    expect([status, body.error.code, body.error.field]).toEqual([400, 'weak_password', 'new_password'])
    expect((await production.tryLogin(alice.username, password)).status).toBe(200)
  })
})
