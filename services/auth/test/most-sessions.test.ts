import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { listeningLog } from '../../../packages/server-kit/test/support.js'
import { type Login, startAuth, type TestAuth } from './support/start-auth.js'
import { warmPool } from './support/while-locked.js'

let auth: TestAuth
const { log, lines } = listeningLog()

beforeAll(async () => {
  auth = await startAuth({ log })
})

afterAll(() => auth.close())

/** Further sessions of a user, last used one second after another, the last of them one second ago. */
const seed = async (login: Login, count: number, livesForMs = 86_400_000) => {
  auth.clock.advance(count * 1_000 + 1_000)
  const now = auth.clock.now()
  await auth.context.database.query(
    `INSERT INTO auth.login_session (session_id, user_id, user_agent, created_at, last_used_at, expires_at)
     SELECT gen_random_uuid(), $1, 'seeded', at, at, $4 FROM generate_series(1, $2::int) AS age,
       LATERAL (SELECT $3::timestamptz - age * interval '1 second' AS at) AS used`,
    [login.userId, count, new Date(now), new Date(now + livesForMs)],
  )
}

const idsOf = async (login: Login): Promise<readonly string[]> => {
  const { body } = await login.call('GET', '/api/sessions')
  return body.sessions.map((session: { session_id: string }) => session.session_id)
}

const eventsAfter = async (before: number) => (await auth.app.feed.eventsAfter(before, 1_000)).events
const lastEvent = async () => (await auth.app.feed.eventsAfter(0, 10_000)).next

describe('an account has at most 100 sessions: a further login', () => {
  test('ends the one used longest ago, which is not the one begun first, and tells the feed and its readers', async () => {
    const first = await auth.person()
    auth.clock.advance(1_000)
    const second = await auth.login(first.username)
    await seed(first, 97)
    const refreshed = (await auth.refresh(first.refreshToken)).body
    await auth.login(first.username)
    expect(await idsOf(second)).toHaveLength(100)
    const before = await lastEvent()
    const hints: unknown[] = []
    const end = auth.context.bus.subscribe('account-events', hint => hints.push(hint))
    const last = await auth.login(first.username)
    await new Promise(setImmediate)
    end()
    expect(await eventsAfter(before)).toMatchObject([
      { type: 'session_ended', user_id: first.userId, username: first.username, session_id: second.sessionId },
    ])
    expect(hints).toEqual([{ kind: 'account-events' }])
    expect((await second.call('GET', '/api/me')).status).toBe(401)
    expect((await auth.refresh(second.refreshToken)).status).toBe(401)
    expect((await auth.refresh(refreshed.refresh_token)).status).toBe(200)
    expect(await idsOf(last)).toHaveLength(100)
  })

  test('ends none where there is room, and gives no hint', async () => {
    const [first, other] = [await auth.person(), await auth.person()]
    await seed(first, 98)
    await seed(other, 99)
    const before = await lastEvent()
    const hints: unknown[] = []
    const end = auth.context.bus.subscribe('account-events', hint => hints.push(hint))
    await auth.login(first.username)
    await new Promise(setImmediate)
    end()
    expect([await eventsAfter(before), hints, (await idsOf(first)).length]).toEqual([[], [], 100])
  })

  test('also among many at once: none slips past the count, and none waits for another in a circle', async () => {
    const first = await auth.person()
    await seed(first, 95)
    const before = await lastEvent()
    await warmPool(auth.context)
    const logins = await Promise.all(Array.from({ length: 20 }, () => auth.login(first.username)))
    const newest = logins.at(-1) as Login
    expect(await idsOf(newest)).toHaveLength(100)
    const ended = (await eventsAfter(before)).map(event => event.session_id)
    expect([ended.length, new Set(ended).size]).toEqual([16, 16])
    for (const login of logins) expect((await login.call('GET', '/api/me')).status).toBe(200)
    expect(lines.filter(line => JSON.stringify(line).includes('40P01'))).toEqual([])
  })

  test('ends all that are too many where there are more, and never the new one, whatever the clocks of other pods say', async () => {
    const first = await auth.person()
    await seed(first, 250)
    auth.clock.advance(-3_600_000)
    const before = await lastEvent()
    const last = await auth.login(first.username)
    expect((await last.call('GET', '/api/me')).status).toBe(200)
    expect(await idsOf(last)).toHaveLength(100)
    expect(await eventsAfter(before)).toHaveLength(152)
    auth.clock.advance(3_600_000)
  })
})
