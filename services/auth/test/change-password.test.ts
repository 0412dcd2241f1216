import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { findById, replacePassword } from '../src/accounts/accounts.js'
import type { Account } from '../src/entities/account.js'
import { beginSession } from '../src/sessions/sessions.js'
import { type Login, password, startAuth, type TestAuth } from './support/start-auth.js'
import { warmPool, whileLocked } from './support/while-locked.js'

let auth: TestAuth

beforeAll(async () => {
  auth = await startAuth()
})

afterAll(() => auth.close())

const fresh = 'another horse, another battery'
const change = (login: Login, current = password, next = fresh) =>
  login.call('POST', '/api/password', { current_password: current, new_password: next })

describe('changing the password', () => {
  test('ends every other session with its tokens and tells the feed of each; the calling one goes on', async () => {
    const alice = await auth.person()
    const others = [await auth.login(alice.username), await auth.login(alice.username)]
    const bob = await auth.person()
    const { next: before } = await auth.app.feed.eventsAfter(0, 1_000)
    expect((await change(alice)).status).toBe(204)
    for (const other of others) {
      expect((await other.call('GET', '/api/me')).status).toBe(401)
      expect((await auth.refresh(other.refreshToken)).status).toBe(401)
    }
    expect((await alice.call('GET', '/api/me')).status).toBe(200)
    expect((await auth.refresh(alice.refreshToken)).status).toBe(200)
    expect((await bob.call('GET', '/api/me')).status).toBe(200)
    const { events } = await auth.app.feed.eventsAfter(before, 1_000)
    expect(events.map(event => event.type)).toEqual(['session_ended', 'session_ended'])
    expect(new Set(events.map(event => event.session_id))).toEqual(new Set(others.map(other => other.sessionId)))
  })

  test('makes the new one work and the old one not, and the export says when', async () => {
    const alice = await auth.person()
    auth.clock.advance(5_000)
    await change(alice)
    expect((await auth.tryLogin(alice.username, password)).status).toBe(401)
    expect((await auth.tryLogin(alice.username, fresh)).status).toBe(200)
    const { body } = await alice.call('GET', '/api/account/export')
    expect(Date.parse(body.password_changed_at) - Date.parse(body.created_at)).toBe(5_000)
  })

  test('needs the present one: another changes nothing and ends nothing', async () => {
    const alice = await auth.person()
    const second = await auth.login(alice.username)
    const { status, body } = await change(alice, 'not her password')
    expect([status, body.error.code, body.error.message]).toEqual([
      401,
      'invalid_credentials',
      'The current password is wrong.',
    ])
    expect((await second.call('GET', '/api/me')).status).toBe(200)
    expect((await auth.tryLogin(alice.username, password)).status).toBe(200)
  })

  test('guessed at with a stolen token is slowed down by the rule of the login', async () => {
    const alice = await auth.person()
    for (let guess = 0; guess < 5; guess += 1) expect((await change(alice, `wrong ${guess}`)).status).toBe(401)
    const answer = await change(alice)
    expect([answer.status, answer.body.error.code]).toEqual([429, 'rate_limited'])
    expect(answer.headers.get('retry-after')).toBe('15')
    expect((await alice.call('GET', '/api/me')).status).toBe(200)
    auth.clock.advance(15_000)
    expect((await change(alice)).status).toBe(204)
    expect((await change(alice, 'wrong after a right one')).status).toBe(401)
  })

  test('is open to its owner whatever strangers guess at the login, and the other way round', async () => {
    const [alice, bob] = [await auth.person(), await auth.person()]
    for (let guess = 0; guess < 6; guess += 1) await auth.tryLogin(alice.username, `wrong ${guess}`)
    expect((await auth.tryLogin(alice.username, password)).status).toBe(429)
    expect((await change(alice)).status).toBe(204)
    for (let guess = 0; guess < 5; guess += 1) await change(bob, `wrong ${guess}`)
    expect((await change(bob)).status).toBe(429)
    expect((await auth.tryLogin(bob.username, password)).status).toBe(200)
  })

  test('twice at once from the same present one works once', async () => {
    const alice = await auth.person()
    const second = await auth.login(alice.username)
    const answers = await Promise.all([
      change(alice, password, 'the one of the first'),
      change(second, password, 'the one of the second'),
    ])
    expect(answers.map(({ status }) => status).sort()).toEqual([204, 401])
    const first = answers[0]?.status === 204
    expect((await auth.tryLogin(alice.username, 'the one of the first')).status).toBe(first ? 200 : 401)
    expect((await auth.tryLogin(alice.username, 'the one of the second')).status).toBe(first ? 401 : 200)
  })
})

describe('a login with the old password that is under way', () => {
  const lock = 'SELECT 1 FROM auth.account WHERE user_id = $1 FOR UPDATE'
  const scene = async () => {
    const alice = await auth.person()
    // What a login has read and checked before it begins its session.
    const account = (await findById(auth.context, alice.userId)) as Account
    const caller = auth.tokens.verifyAccess(alice.token)
    const login = () => beginSession(auth.context, account, 'under way')
    const changing = () =>
      replacePassword(auth.context, caller, { checked: account.passwordHash, next: 'another hash' })
    await warmPool(auth.context)
    return { alice, login, changing }
  }
  const sessionsOf = async (alice: Login) =>
    (await alice.call('GET', '/api/sessions')).body.sessions.map(
      (session: { session_id: string }) => session.session_id,
    )

  test('while it is changed begins no session', async () => {
    const { alice, login, changing } = await scene()
    const [changed, pair] = await whileLocked<unknown>(
      auth.context,
      lock,
      [alice.userId],
      [
        { begin: changing, waiting: 1 },
        { begin: login, waiting: 2 },
      ],
    )
    expect([changed, pair]).toEqual([true, null])
    expect(await sessionsOf(alice)).toEqual([alice.sessionId])
  })

  test('and comes first begins one that the change ends', async () => {
    const { alice, login, changing } = await scene()
    const [pair, changed] = await whileLocked<unknown>(
      auth.context,
      lock,
      [alice.userId],
      [
        { begin: login, waiting: 1 },
        { begin: changing, waiting: 2 },
      ],
    )
    expect([pair, changed]).toEqual([expect.objectContaining({ user_id: alice.userId }), true])
    expect(await sessionsOf(alice)).toEqual([alice.sessionId])
  })

  test('while the account is deleted or disabled begins no session either', async () => {
    for (const statement of [
      'DELETE FROM auth.account WHERE user_id = $1',
      `UPDATE auth.account SET state = 'disabled' WHERE user_id = $1`,
    ]) {
      const { alice, login } = await scene()
      expect(await whileLocked(auth.context, statement, [alice.userId], [{ begin: login, waiting: 1 }])).toEqual([null])
    }
  })

  test('is answered as a wrong password', async () => {
    const alice = await auth.person()
    const verify = vi.spyOn(auth.context.hasher, 'verify').mockImplementationOnce(async () => {
      await auth.context.database.query('DELETE FROM auth.account WHERE user_id = $1', [alice.userId])
      return true
    })
    try {
      const { status, body } = await auth.tryLogin(alice.username, password)
      expect([status, body.error.code]).toEqual([401, 'invalid_credentials'])
    } finally {
      verify.mockRestore()
    }
  })
})
