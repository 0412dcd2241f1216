import { runJob } from '@qsm/server-kit'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { listeningLog } from '../../../packages/server-kit/test/support.js'
import { replacePassword } from '../src/accounts/accounts.js'
import { endSession } from '../src/sessions/end-sessions.js'
import { expiryJob } from '../src/sessions/expiry.js'
import type { Answer } from './support/call.js'
import { type Login, password, startAuth, type TestAuth } from './support/start-auth.js'
import { warmPool, whileLocked } from './support/while-locked.js'

let auth: TestAuth
const { log, lines } = listeningLog()

beforeAll(async () => {
  // Hashing is not what this is about, and takes long.
  auth = await startAuth({
    log,
    hasher: { hash: async given => `hash of ${given}`, verify: async (hash, given) => hash === `hash of ${given}` },
  })
})

afterAll(() => auth.close())

/** Requests that failed because the database found a deadlock. */
const deadlocks = () => lines.filter(line => JSON.stringify(line).includes('40P01'))

const times = <T>(count: number, make: (index: number) => T): T[] => Array.from({ length: count }, (_, i) => make(i))
const callerOf = (login: Login) => auth.tokens.verifyAccess(login.token)
const change = (login: Login) =>
  login.call('POST', '/api/password', { current_password: password, new_password: password })

/** What happens at once to a user with five sessions. What stands first works in any case. */
const scenes: Readonly<Record<string, (first: Login, second: Login, others: readonly Login[]) => Promise<Answer>[]>> = {
  'a change of the password and logouts': (first, second, others) => [
    change(first),
    ...[second, ...others].map(other => other.call('POST', '/api/logout')),
  ],
  'refreshes and logouts of the same sessions': (first, second, others) =>
    [first, second, ...others].flatMap(login => [login.call('POST', '/api/logout'), auth.refresh(login.refreshToken)]),
  'refreshes and a change of the password': (first, second, others) => [
    change(first),
    ...[second, ...others, second, ...others].map(other => auth.refresh(other.refreshToken)),
  ],
  'refreshes, logins and the end of the account': (first, second, others) => [
    first.call('DELETE', '/api/account'),
    ...[second, ...others].map(other => auth.refresh(other.refreshToken)),
    ...[first, first].map(({ username }) => auth.tryLogin(username, password)),
    change(second),
    ...others.map(other => other.call('POST', '/api/logout')),
  ],
  'a login and sessions that end each other': (first, second, others) => [
    auth.tryLogin(first.username, password),
    first.call('DELETE', `/api/sessions/${second.sessionId}`),
    second.call('DELETE', `/api/sessions/${first.sessionId}`),
    ...others.map(other => other.call('DELETE', `/api/sessions/${first.sessionId}`)),
  ],
}

test.each(Object.keys(scenes))('%s at once do not wait for each other: no deadlock and no 5xx', async name => {
  for (let round = 0; round < 4; round += 1) {
    const first = await auth.person()
    const [second = first, ...others] = await Promise.all(times(4, () => auth.login(first.username)))
    const answers = await Promise.all(scenes[name]?.(first, second, others) ?? [])
    const statuses = answers.map(({ status }) => status)
    expect(statuses.filter(status => status >= 500)).toEqual([])
    expect([200, 204]).toContain(statuses[0])
  }
  expect(deadlocks()).toEqual([])
})

test('a change of the password that waits for the feed meets nobody who waits behind it and holds what it needs', async () => {
  const first = await auth.person()
  await auth.login(first.username)
  const last = await auth.login(first.username)
  const hash = `hash of ${password}`
  await warmPool(auth.context)
  const done = await whileLocked(
    auth.context,
    'SELECT 1 FROM auth.account_event_counter FOR UPDATE',
    [],
    [
      { begin: () => replacePassword(auth.context, callerOf(first), { checked: hash, next: hash }), waiting: 1 },
      { begin: () => endSession(auth.context, last, last.sessionId), waiting: 2 },
    ],
  )
  expect(done).toEqual([true, false])
})

test('the removal of old sessions stands in nobody’s way, nor anybody in its', async () => {
  const people = await Promise.all(times(4, () => auth.person()))
  auth.clock.advance(29 * 86_400_000)
  const others = await Promise.all(people.map(person => auth.login(person.username)))
  auth.clock.advance(86_400_000)
  const fresh = await Promise.all(people.map(person => auth.login(person.username)))
  const remove = () => runJob({ ...auth.context, schema: 'auth', databaseNow: auth.clock.now }, expiryJob)
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
  expect(deadlocks()).toEqual([])
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
