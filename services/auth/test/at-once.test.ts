import { runJob } from '@qsm/server-kit'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { expiryJob } from '../src/sessions/expiry.js'
import type { Answer } from './support/call.js'
import { type Login, password, startAuth, type TestAuth } from './support/start-auth.js'

let auth: TestAuth

beforeAll(async () => {
  // Hashing is not what this is about, and takes long.
  auth = await startAuth({
    hasher: { hash: async given => `hash of ${given}`, verify: async (hash, given) => hash === `hash of ${given}` },
  })
})

afterAll(() => auth.close())

const deadlocks = async (): Promise<number> => {
  const [row] = await auth.context.database.query<{ deadlocks: number }>(
    'SELECT deadlocks::int FROM pg_stat_database WHERE datname = current_database()',
  )
  return row?.deadlocks ?? -1
}

const times = <T>(count: number, make: (index: number) => T): T[] => Array.from({ length: count }, (_, i) => make(i))
const change = (login: Login) =>
  login.call('POST', '/api/password', { current_password: password, new_password: password })

/** What each scene does at once to a user with several sessions. The first session is the one that asks. */
const scenes: Readonly<Record<string, (sessions: readonly Login[]) => Promise<Answer>[]>> = {
  'a change of the password and logouts': ([first, ...others]) => [
    change(first as Login),
    ...others.map(other => other.call('POST', '/api/logout')),
  ],
  'refreshes and logouts of the same sessions': sessions =>
    sessions.flatMap(login => [auth.refresh(login.refreshToken), login.call('POST', '/api/logout')]),
  'refreshes and a change of the password': ([first, ...others]) => [
    ...others.map(other => auth.refresh(other.refreshToken)),
    change(first as Login),
    ...others.map(other => auth.refresh(other.refreshToken)),
  ],
  'refreshes, logins and the end of the account': ([first, ...others]) => [
    ...others.map(other => auth.refresh(other.refreshToken)),
    auth.tryLogin((first as Login).username, password),
    (first as Login).call('DELETE', '/api/account'),
    auth.tryLogin((first as Login).username, password),
    ...others.map(other => other.call('POST', '/api/logout')),
  ],
  'two sessions that end each other': ([first, second, ...others]) => [
    (first as Login).call('DELETE', `/api/sessions/${second?.sessionId}`),
    (second as Login).call('DELETE', `/api/sessions/${first?.sessionId}`),
    ...others.map(other => other.call('DELETE', `/api/sessions/${first?.sessionId}`)),
  ],
}

test.each(Object.keys(scenes))('%s at once do not wait for each other: no deadlock and no 5xx', async name => {
  for (let round = 0; round < 4; round += 1) {
    const first = await auth.person()
    const sessions = [first, ...(await Promise.all(times(4, () => auth.login(first.username))))]
    const answers = (await scenes[name]?.(sessions)) ?? []
    const statuses = (await Promise.all(answers)).map(({ status }) => status)
    expect(statuses.filter(status => status >= 500)).toEqual([])
    expect(statuses.length).toBeGreaterThan(4)
  }
  expect(await deadlocks()).toBe(0)
})

test('the removal of old sessions stands in nobody’s way, nor anybody in its', async () => {
  const people = await Promise.all(times(4, () => auth.person()))
  auth.clock.advance(29 * 86_400_000)
  const others = await Promise.all(people.map(person => auth.login(person.username)))
  auth.clock.advance(86_400_000)
  const fresh = await Promise.all(people.map(person => auth.login(person.username)))
  const remove = () => runJob({ ...auth.context, schema: 'auth' }, expiryJob)
  const removals = [remove(), remove()]
  const answers = await Promise.all([
    ...others.map(other => auth.refresh(other.refreshToken)),
    ...people.map(person => auth.refresh(person.refreshToken)),
    ...fresh.map(login => change(login)),
  ])
  expect(answers.filter(({ status }) => status >= 500)).toEqual([])
  await Promise.all(removals)
  await remove()
  for (const person of people) expect((await auth.refresh(person.refreshToken)).status).toBe(401)
  for (const login of fresh) expect((await login.call('GET', '/api/me')).status).toBe(200)
  expect(await deadlocks()).toBe(0)
})

test('the feed has no gap after all of it', async () => {
  const ids: number[] = []
  for (let after = 0, more = true; more; ) {
    const page = await auth.app.feed.eventsAfter(after, 50)
    ids.push(...page.events.map(event => event.id))
    after = page.next
    more = page.more
  }
  expect(ids.length).toBeGreaterThan(80)
  expect(ids).toEqual(times(ids.length, index => index + 1))
})
