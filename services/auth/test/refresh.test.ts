import { createHash } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { listeningLog } from '../../../packages/server-kit/test/support.js'
import type { Answer } from './support/call.js'
import { type Login, startAuth, type TestAuth } from './support/start-auth.js'
import { warmPool, whileLocked } from './support/while-locked.js'

let auth: TestAuth
const { log, lines } = listeningLog()

beforeAll(async () => {
  auth = await startAuth({ log })
})

afterAll(() => auth.close())

const sessionsOf = (login: Login) =>
  auth.context.database.query('SELECT 1 FROM auth.login_session WHERE session_id = $1', [login.sessionId])

const expectRefused = async (refreshToken: string) => {
  const { status, body } = await auth.refresh(refreshToken)
  expect([status, body.error.code]).toEqual([401, 'invalid_refresh_token'])
}

describe('a refresh token', () => {
  test('gives the next pair of the same session, and the old access token lives on beside the new one', async () => {
    const alice = await auth.person()
    auth.clock.advance(1_000)
    const { status, body } = await auth.refresh(alice.refreshToken)
    expect(status).toBe(200)
    expect(body).toMatchObject({ token_type: 'bearer', expires_in: 1_800, user_id: alice.userId })
    expect(body.refresh_token).not.toBe(alice.refreshToken)
    expect(auth.tokens.verifyAccess(body.access_token).sessionId).toBe(alice.sessionId)
    for (const token of [alice.token, body.access_token]) {
      expect((await auth.call('GET', '/api/me', { token })).status).toBe(200)
    }
  })

  test('works once: a second use ends the session, with the newer pair that came of it, and is logged', async () => {
    const alice = await auth.person()
    const { body: next } = await auth.refresh(alice.refreshToken)
    auth.clock.advance(1)
    lines.length = 0
    await expectRefused(alice.refreshToken)
    expect(lines.filter(({ event }) => event === 'refresh_token_reused')).toHaveLength(1)
    await expectRefused(next.refresh_token)
    for (const token of [alice.token, next.access_token]) {
      expect((await auth.call('GET', '/api/me', { token })).status).toBe(401)
    }
    expect(await sessionsOf(alice)).toEqual([])
    const { events } = await auth.app.feed.eventsAfter(0, 1_000)
    expect(events.at(-1)).toMatchObject({ type: 'session_ended', session_id: alice.sessionId, user_id: alice.userId })
  })

  test('of the third generation is noticed as well, and the other sessions of the user go on', async () => {
    const alice = await auth.person()
    const second = await auth.login(alice.username)
    let token = alice.refreshToken
    for (let round = 0; round < 4; round += 1) token = (await auth.refresh(token)).body.refresh_token
    auth.clock.advance(1)
    await expectRefused(alice.refreshToken)
    await expectRefused(token)
    expect((await second.call('GET', '/api/me')).status).toBe(200)
    expect((await auth.refresh(second.refreshToken)).status).toBe(200)
  })

  test('used by 50 at once has one winner, whose session lives; who comes later ends it', async () => {
    const alice = await auth.person()
    const refresh = async (): Promise<Answer> => {
      const answer = await auth.refresh(alice.refreshToken)
      // 503 says "again": a slow machine cannot wait for a connection so long.
      return answer.status === 503 ? refresh() : answer
    }
    await warmPool(auth.context)
    const lock = 'SELECT 1 FROM auth.login_session WHERE session_id = $1 FOR UPDATE'
    const all = { begin: () => Promise.all(Array.from({ length: 50 }, refresh)), waiting: 5 }
    const [answers = []] = await whileLocked(auth.context, lock, [alice.sessionId], [all])
    const won = answers.filter(({ status }) => status === 200)
    const lost = answers.filter(({ status }) => status === 401)
    expect([won.length, lost.length]).toEqual([1, 49])
    expect(new Set(lost.map(({ body }) => body.error.code))).toEqual(new Set(['invalid_refresh_token']))
    const winner = won[0]?.body
    expect((await auth.call('GET', '/api/me', { token: winner.access_token })).status).toBe(200)
    const next = await auth.refresh(winner.refresh_token)
    expect(next.status).toBe(200)
    auth.clock.advance(1)
    await expectRefused(alice.refreshToken)
    await expectRefused(next.body.refresh_token)
    expect(await sessionsOf(alice)).toEqual([])
  })

  test('that is unknown, empty of meaning or an access token is refused and ends nothing', async () => {
    const alice = await auth.person()
    const { refreshToken: own } = alice
    const mangled = [own.toLowerCase(), own.slice(0, -1), `${own}A`, own.slice('qsr_'.length)]
    for (const token of ['qsr_unknown', 'x', alice.token.slice(0, 200), `qsr_${'A'.repeat(43)}`, ...mangled]) {
      await expectRefused(token)
    }
    expect((await auth.refresh(alice.refreshToken)).status).toBe(200)
  })

  test('of a disabled account is refused, and works again when it is enabled', async () => {
    const alice = await auth.person()
    const setState = (state: string) =>
      auth.context.database.query('UPDATE auth.account SET state = $2 WHERE user_id = $1', [alice.userId, state])
    await setState('disabled')
    await expectRefused(alice.refreshToken)
    await setState('active')
    expect((await auth.refresh(alice.refreshToken)).status).toBe(200)
  })

  test('lives 30 days from the last use of its session', async () => {
    const alice = await auth.person()
    const day = 86_400_000
    auth.clock.advance(29 * day)
    const { status, body } = await auth.refresh(alice.refreshToken)
    expect(status).toBe(200)
    auth.clock.advance(29 * day)
    const next = await auth.refresh(body.refresh_token)
    expect(next.status).toBe(200)
    auth.clock.advance(30 * day)
    await expectRefused(next.body.refresh_token)
  })

  test('is stored as its SHA-256 and in no other form', async () => {
    const alice = await auth.person()
    const rows = await auth.context.database.query<{ token_sha256: Buffer }>(
      'SELECT token_sha256 FROM auth.refresh_token WHERE session_id = $1',
      [alice.sessionId],
    )
    expect(rows.map(row => row.token_sha256)).toEqual([createHash('sha256').update(alice.refreshToken).digest()])
  })
})
