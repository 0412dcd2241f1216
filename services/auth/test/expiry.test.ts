import { runJob } from '@qsm/server-kit'
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest'
import { createAuthApp } from '../src/app.js'
import { expiryJob } from '../src/sessions/expiry.js'
import { type Login, startAuth, type TestAuth } from './support/start-auth.js'

let auth: TestAuth
const day = 86_400_000

beforeAll(async () => {
  auth = await startAuth()
})

afterAll(() => auth.close())

afterEach(() => {
  vi.useRealTimers()
})

const run = () => runJob({ ...auth.context, schema: 'auth', databaseNow: auth.clock.now }, expiryJob)

const rowsOf = (table: string, login: Login) =>
  auth.context.database.query(`SELECT 1 FROM auth.${table} WHERE session_id = $1`, [login.sessionId])

test('sessions that are over go with their tokens, those that were used stay, and the feed tells of each', async () => {
  const [alice, bob] = [await auth.person(), await auth.person()]
  auth.clock.advance(20 * day)
  const { body } = await auth.refresh(bob.refreshToken)
  const { next } = await auth.app.feed.eventsAfter(0, 1_000)
  auth.clock.advance(10 * day)
  await run()
  await run()
  expect([await rowsOf('login_session', alice), await rowsOf('refresh_token', alice)]).toEqual([[], []])
  expect((await auth.refresh(body.refresh_token)).status).toBe(200)
  const { events } = await auth.app.feed.eventsAfter(next, 1_000)
  expect(events).toEqual([
    {
      id: next + 1,
      type: 'session_ended',
      user_id: alice.userId,
      username: alice.username,
      session_id: alice.sessionId,
      at: new Date(auth.clock.now()).toISOString(),
    },
  ])
})

test('more than one batch goes in one go, also where two pods begin at once', async () => {
  const alice = await auth.person()
  await auth.context.database.query(
    `INSERT INTO auth.login_session (session_id, user_id, user_agent, created_at, last_used_at, expires_at)
     SELECT gen_random_uuid(), $1, '', $2, $2, $2 FROM generate_series(1, 350)`,
    [alice.userId, new Date(auth.clock.now())],
  )
  const { next } = await auth.app.feed.eventsAfter(0, 1_000)
  await Promise.all([run(), run()])
  await run() // Where one kept the other out between two batches.
  const { events } = await auth.app.feed.eventsAfter(next, 1_000)
  expect(events.map(event => event.id)).toEqual(Array.from({ length: 350 }, (_, index) => next + 1 + index))
  expect(new Set(events.map(event => event.session_id)).size).toBe(350)
  expect((await alice.call('GET', '/api/me')).status).toBe(200)
})

test('it happens once an hour, until the app is closed', async () => {
  const alice = await auth.person()
  auth.clock.advance(31 * day)
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
  const database = { ...auth.context.database, close: async () => {} }
  const context = { ...auth.context, database, databaseNow: auth.clock.now } // Its jobs take both clocks from it.
  const app = createAuthApp(context)
  vi.advanceTimersByTime(3_599_999)
  expect(await rowsOf('login_session', alice)).toHaveLength(1)
  vi.advanceTimersByTime(1)
  await app.close()
  expect(await rowsOf('login_session', alice)).toEqual([])
  expect(vi.getTimerCount()).toBe(0)
})
