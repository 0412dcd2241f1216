import { newId } from '@qsm/server-kit'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Login, newName, password, startAuth, type TestAuth } from './support/start-auth.js'

let auth: TestAuth

beforeAll(async () => {
  auth = await startAuth()
})

afterAll(() => auth.close())

interface Shown {
  readonly session_id: string
  readonly current: boolean
}

const list = async (login: Login): Promise<readonly Shown[]> => (await login.call('GET', '/api/sessions')).body.sessions

const expectEnded = async (login: Login) => {
  expect((await login.call('GET', '/api/me')).status).toBe(401)
  expect((await auth.refresh(login.refreshToken)).status).toBe(401)
}

const expectAlive = async (login: Login) => expect((await login.call('GET', '/api/me')).status).toBe(200)

const lastEvents = async (count: number) => (await auth.app.feed.eventsAfter(0, 1_000)).events.slice(-count)

describe('logging out', () => {
  test('ends the session at once: access token, refresh token, and the feed tells it', async () => {
    const alice = await auth.person()
    const second = await auth.login(alice.username)
    const hints: unknown[] = []
    const end = auth.context.bus.subscribe('account-events', hint => hints.push(hint))
    expect((await alice.call('POST', '/api/logout')).status).toBe(204)
    await new Promise(setImmediate)
    end()
    expect(hints).toEqual([{ kind: 'account-events' }])
    await expectEnded(alice)
    await expectAlive(second)
    expect(await lastEvents(1)).toMatchObject([
      { type: 'session_ended', user_id: alice.userId, username: alice.username, session_id: alice.sessionId },
    ])
  })

  test('twice is answered 401 the second time, and tells the feed once', async () => {
    const alice = await auth.person()
    const answers = await Promise.all([1, 2, 3].map(() => alice.call('POST', '/api/logout')))
    expect(answers.every(({ status }) => status === 204 || status === 401)).toBe(true)
    expect((await alice.call('POST', '/api/logout')).status).toBe(401)
    const { events } = await auth.app.feed.eventsAfter(0, 1_000)
    expect(events.filter(event => event.session_id === alice.sessionId)).toHaveLength(1)
  })
})

describe('the list of sessions', () => {
  test('shows the own ones, newest first, with what they called themselves and when they were used', async () => {
    const username = newName()
    await auth.register({ username })
    await auth.person()
    const begun = auth.clock.now()
    const credentials = { username, password }
    await auth.call('POST', '/api/login', { body: credentials, headers: { 'User-Agent': 'first/1.0' } })
    auth.clock.advance(60_000)
    const { body } = await auth.call('POST', '/api/login', {
      body: credentials,
      headers: { 'User-Agent': 'x'.repeat(300) },
    })
    auth.clock.advance(60_000)
    const refreshed = await auth.refresh(body.refresh_token)
    const token = refreshed.body.access_token
    const { sessions } = (await auth.call('GET', '/api/sessions', { token })).body
    const at = (minutes: number, days = 0) => new Date(begun + minutes * 60_000 + days * 86_400_000).toISOString()
    expect(sessions).toEqual([
      {
        session_id: auth.tokens.verifyAccess(token).sessionId,
        user_agent: 'x'.repeat(200),
        created_at: at(1),
        last_used_at: at(2),
        expires_at: at(2, 30),
        current: true,
      },
      {
        session_id: expect.any(String),
        user_agent: 'first/1.0',
        created_at: at(0),
        last_used_at: at(0),
        expires_at: at(0, 30),
        current: false,
      },
    ])
  })

  test('leaves out those that are over', async () => {
    const alice = await auth.person()
    auth.clock.advance(31 * 86_400_000)
    const second = await auth.login(alice.username)
    expect((await list(second)).map(session => session.session_id)).toEqual([second.sessionId])
  })
})

describe('ending one of the own sessions', () => {
  test('ends that one and no other', async () => {
    const alice = await auth.person()
    const [second, third] = [await auth.login(alice.username), await auth.login(alice.username)]
    expect((await alice.call('DELETE', `/api/sessions/${second.sessionId.toUpperCase()}`)).status).toBe(204)
    await expectEnded(second)
    await expectAlive(alice)
    await expectAlive(third)
    expect((await list(alice)).map(({ session_id, current }) => [session_id, current])).toEqual([
      [third.sessionId, false],
      [alice.sessionId, true],
    ])
    expect(await lastEvents(1)).toMatchObject([{ type: 'session_ended', session_id: second.sessionId }])
  })

  test('may end the calling one', async () => {
    const alice = await auth.person()
    expect((await alice.call('DELETE', `/api/sessions/${alice.sessionId}`)).status).toBe(204)
    await expectEnded(alice)
  })

  test("answers for another user's session as for one that does not exist, and leaves it alone", async () => {
    const [alice, bob] = [await auth.person(), await auth.person()]
    const answers = await Promise.all([bob.sessionId, newId()].map(id => alice.call('DELETE', `/api/sessions/${id}`)))
    const told = answers.map(({ status, body }) => [status, { ...body.error, request_id: '' }])
    expect(told[0]).toEqual([404, expect.objectContaining({ code: 'not_found' })])
    expect(told[1]).toEqual(told[0])
    await expectAlive(bob)
  })
})
