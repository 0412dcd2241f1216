import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { password, startAuth, type TestAuth } from './support/start-auth.js'

let auth: TestAuth

beforeAll(async () => {
  auth = await startAuth()
})

afterAll(() => auth.close())

describe('the own account', () => {
  test('is shown with the session that asks', async () => {
    const alice = await auth.person('Me-Myself')
    const { status, body } = await alice.call('GET', '/api/me')
    expect(status).toBe(200)
    expect(body).toEqual({
      user_id: alice.userId,
      username: 'Me-Myself',
      email: expect.stringContaining('@example.org'),
      created_at: new Date(auth.clock.now()).toISOString(),
      session_id: alice.sessionId,
    })
  })

  test('is exported with all that is stored but the hashes', async () => {
    const alice = await auth.person('Ex-Port')
    const second = await auth.login('ex-port')
    await auth.person()
    const { status, body } = await alice.call('GET', '/api/account/export')
    expect(status).toBe(200)
    const now = new Date(auth.clock.now()).toISOString()
    const end = new Date(auth.clock.now() + 30 * 86_400_000).toISOString()
    const session = { user_agent: 'test', created_at: now, last_used_at: now, expires_at: end }
    expect(body).toEqual({
      user_id: alice.userId,
      username: 'Ex-Port',
      email: expect.stringContaining('@example.org'),
      created_at: now,
      password_changed_at: now,
      sessions: expect.arrayContaining([
        { session_id: alice.sessionId, ...session },
        { session_id: second.sessionId, ...session },
      ]),
    })
    expect(body.sessions).toHaveLength(2)
  })
})

describe('deleting the account', () => {
  test('takes everything of it along, ends all sessions, tells the feed, and touches nobody else', async () => {
    const [alice, bob] = [await auth.person(), await auth.person()]
    const second = await auth.login(alice.username)
    expect((await alice.call('DELETE', '/api/account')).status).toBe(204)
    for (const login of [alice, second]) {
      expect((await login.call('GET', '/api/me')).status).toBe(401)
      expect((await auth.refresh(login.refreshToken)).status).toBe(401)
    }
    const left = await auth.context.database.query(
      `SELECT user_id FROM auth.account WHERE user_id = $1 UNION ALL
       SELECT user_id FROM auth.login_session WHERE user_id = $1`,
      [alice.userId],
    )
    expect(left).toEqual([])
    const orphans = await auth.context.database.query(
      'SELECT 1 FROM auth.refresh_token WHERE session_id = ANY($1::uuid[])',
      [[alice.sessionId, second.sessionId]],
    )
    expect(orphans).toEqual([])
    const { events } = await auth.app.feed.eventsAfter(0, 1_000)
    expect(events.at(-1)).toMatchObject({ type: 'deleted', user_id: alice.userId, session_id: null })
    expect((await bob.call('GET', '/api/me')).status).toBe(200)
  })

  test('frees the name for another account, which gets nothing of the first', async () => {
    const alice = await auth.person()
    await alice.call('DELETE', '/api/account')
    expect((await auth.tryLogin(alice.username, password)).status).toBe(401)
    const heir = await auth.person(alice.username.toUpperCase())
    expect(heir.userId).not.toBe(alice.userId)
    expect((await heir.call('GET', '/api/sessions')).body.sessions).toHaveLength(1)
    expect((await alice.call('GET', '/api/me')).status).toBe(401)
  })
})
