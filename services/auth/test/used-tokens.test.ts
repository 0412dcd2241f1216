import { createMemoryRateLimits } from '@qsm/server-kit'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { listeningLog } from '../../../packages/server-kit/test/support.js'
import { type Login, startAuth, type TestAuth } from './support/start-auth.js'

let auth: TestAuth
const { log, lines } = listeningLog()

beforeAll(async () => {
  auth = await startAuth({ log, rateLimits: createMemoryRateLimits() })
})

afterAll(() => auth.close())

const minute = 60_000

const rowsOf = (login: Login) =>
  auth.context.database.query('SELECT 1 FROM auth.refresh_token WHERE session_id = $1', [login.sessionId])

/** The next refresh token. */
const next = async (token: string): Promise<string> => {
  const { status, body } = await auth.refresh(token)
  expect(status).toBe(200)
  return body.refresh_token
}

const expectReuseIsNoticed = async (login: Login, used: string, newest: string) => {
  lines.length = 0
  const { status, body } = await auth.refresh(used)
  expect([status, body.error.code]).toEqual([401, 'invalid_refresh_token'])
  expect(lines.filter(({ event }) => event === 'refresh_token_reused')).toHaveLength(1)
  expect((await auth.refresh(newest)).status).toBe(401)
  expect((await login.call('GET', '/api/me')).status).toBe(401)
  const { events } = await auth.app.feed.eventsAfter(0, 1_000)
  expect(events.at(-1)).toMatchObject({ type: 'session_ended', session_id: login.sessionId })
}

test('a used token has no row after ten minutes, and is noticed all the same when it comes again', async () => {
  const alice = await auth.person()
  let token = alice.refreshToken
  for (let round = 0; round < 3; round += 1) token = await next(token)
  expect(await rowsOf(alice)).toHaveLength(4)
  auth.clock.advance(10 * minute)
  token = await next(token)
  expect(await rowsOf(alice)).toHaveLength(5)
  auth.clock.advance(1)
  token = await next(token)
  expect(await rowsOf(alice)).toHaveLength(3)
  auth.clock.advance(20 * 86_400_000)
  token = await next(token)
  expect(await rowsOf(alice)).toHaveLength(2)
  await expectReuseIsNoticed(alice, alice.refreshToken, token)
})

test('a token without a row is no more than an unknown one once its session is over or its account disabled', async () => {
  const [alice, bob] = [await auth.person(), await auth.person()]
  await auth.context.database.query(`UPDATE auth.account SET state = 'disabled' WHERE user_id = $1`, [alice.userId])
  await auth.context.database.query('DELETE FROM auth.refresh_token')
  lines.length = 0
  expect((await auth.refresh(alice.refreshToken)).status).toBe(401)
  auth.clock.advance(30 * 86_400_000)
  expect((await auth.refresh(bob.refreshToken)).status).toBe(401)
  expect(lines.filter(({ event }) => event === 'refresh_token_reused')).toEqual([])
})

test('a session that began before families were kept has one from its next refresh on', async () => {
  const alice = await auth.person()
  await auth.context.database.query('UPDATE auth.login_session SET token_family_sha256 = NULL WHERE session_id = $1', [
    alice.sessionId,
  ])
  const second = await next(alice.refreshToken)
  auth.clock.advance(11 * minute)
  const third = await next(second)
  auth.clock.advance(11 * minute)
  const fourth = await next(third)
  expect(await rowsOf(alice)).toHaveLength(2)
  await expectReuseIsNoticed(alice, second, fourth)
})

test('the database holds neither a token nor its family as they are', async () => {
  const alice = await auth.person()
  const family = Buffer.from(alice.refreshToken.slice('qsr_'.length), 'base64url').subarray(0, 16)
  const rows = await auth.context.database.query<{ session: string }>(
    'SELECT login_session::text AS session FROM auth.login_session WHERE session_id = $1',
    [alice.sessionId],
  )
  expect(rows[0]?.session).toMatch(/\\x[0-9a-f]{64}/)
  expect(rows[0]?.session).not.toContain(family.toString('hex'))
})

test('a session gets 60 refreshes a minute; the other ones of its user go on, and reuse is noticed over the limit', async () => {
  const alice = await auth.person()
  const other = await auth.login(alice.username)
  let token = alice.refreshToken
  for (let round = 0; round < 60; round += 1) token = await next(token)
  const refused = await auth.refresh(token)
  expect([refused.status, refused.body.error.code]).toEqual([429, 'rate_limited'])
  expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0)
  await next(other.refreshToken)
  auth.clock.advance(1)
  await expectReuseIsNoticed(alice, alice.refreshToken, token)
})
