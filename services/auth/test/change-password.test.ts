import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Login, newName, password, startAuth, type TestAuth } from './support/start-auth.js'

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

  test('guessed at with a stolen token is slowed down together with the guesses at login', async () => {
    const alice = await auth.person()
    for (let guess = 0; guess < 3; guess += 1) expect((await change(alice, `wrong ${guess}`)).status).toBe(401)
    for (let guess = 0; guess < 2; guess += 1) {
      expect((await auth.tryLogin(alice.username, `wrong ${guess}`)).status).toBe(401)
    }
    const answer = await change(alice)
    expect([answer.status, answer.body.error.code]).toEqual([429, 'rate_limited'])
    expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0)
    expect((await alice.call('GET', '/api/me')).status).toBe(200)
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

test('a login with the old password that is under way while it is changed leaves no session behind', async () => {
  for (let round = 0; round < 8; round += 1) {
    const username = newName()
    const alice = await auth.person(username)
    const [changed, ...logins] = await Promise.all([
      change(alice),
      ...Array.from({ length: 3 }, () => auth.tryLogin(username, password)),
    ])
    expect(changed?.status).toBe(204)
    for (const { status, body } of logins) {
      expect([200, 401]).toContain(status)
      if (status === 200) expect((await auth.refresh(body.refresh_token)).status).toBe(401)
    }
    const { sessions } = (await alice.call('GET', '/api/sessions')).body
    expect(sessions.map((session: { session_id: string }) => session.session_id)).toEqual([alice.sessionId])
  }
})
