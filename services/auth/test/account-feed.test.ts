import type { AccountEvent } from '@qsm/contract'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { appendAccountEvents } from '../src/feed/account-events.js'
import { newName, password, startAuth, type TestAuth } from './support/start-auth.js'

let auth: TestAuth
let credential: string

beforeAll(async () => {
  auth = await startAuth()
})

afterAll(() => auth.close())

beforeEach(() => {
  credential = auth.tokens.issueService('message')
})

const read = async (after: number, limit?: number) =>
  auth.call('GET', `/internal/account-events?after=${after}${limit === undefined ? '' : `&limit=${limit}`}`, {
    token: credential,
  })

/** Where the feed stands now. */
const lastId = async (): Promise<number> => {
  const [row] = await auth.context.database.query<{ last_id: string }>('SELECT last_id FROM auth.account_event_counter')
  return Number(row?.last_id)
}

describe('the account feed', () => {
  test('is read with the credential of a service and with nothing else', async () => {
    const alice = await auth.person()
    const path = '/internal/account-events?after=0'
    for (const token of [undefined, 'x.y.z', alice.token, alice.refreshToken]) {
      const { status, body } = await auth.call('GET', path, { token })
      expect([status, body.error.code]).toEqual([401, 'unauthorized'])
    }
    expect((await read(0)).status).toBe(200)
    auth.clock.advance(91_000)
    expect((await read(0)).status).toBe(401)
  })

  test('tells of what happened to accounts and sessions, in order', async () => {
    const start = await lastId()
    const { body: alice } = await auth.register({ username: newName() })
    const first = await auth.login(alice.username)
    const second = await auth.login(alice.username)
    const third = await auth.login(alice.username)
    const at = new Date(auth.clock.now()).toISOString()
    await first.call('POST', '/api/logout')
    await second.call('DELETE', `/api/sessions/${third.sessionId}`)
    await second.call('DELETE', '/api/account')
    const user = { user_id: alice.user_id, username: alice.username, at }
    expect((await read(start)).body).toEqual({
      events: [
        { id: start + 1, type: 'created', ...user, session_id: null },
        { id: start + 2, type: 'session_ended', ...user, session_id: first.sessionId },
        { id: start + 3, type: 'session_ended', ...user, session_id: third.sessionId },
        { id: start + 4, type: 'deleted', ...user, session_id: null },
      ],
      next: start + 4,
      more: false,
    })
  })

  test('keeps the order of events that one transaction writes', async () => {
    const { user_id: userId, username } = (await auth.register()).body
    const start = await lastId()
    const types = ['disabled', 'enabled', 'deleted'] as const
    await auth.context.database.transaction(query =>
      appendAccountEvents(
        { query },
        types.map(type => ({ type, userId, username })),
        new Date(),
      ),
    )
    const { events } = await auth.app.feed.eventsAfter(start, 10)
    expect(events.map(({ id, type }) => [id, type])).toEqual(types.map((type, index) => [start + 1 + index, type]))
  })

  test('says nothing of what failed: a name that was taken, a session that was not there', async () => {
    const alice = await auth.person()
    const start = await lastId()
    await auth.register({ username: alice.username })
    await alice.call('DELETE', `/api/sessions/${alice.userId}`)
    await alice.call('POST', '/api/password', { current_password: 'not hers', new_password: password })
    expect((await read(start)).body).toEqual({ events: [], next: start, more: false })
  })

  test('is read in pages that follow each other without a gap or a repeat', async () => {
    const start = await lastId()
    for (let count = 0; count < 7; count += 1) await auth.person()
    const seen: number[] = []
    const pages: [number, boolean][] = []
    for (let after = start, more = true; more; ) {
      const { body } = await read(after, 3)
      seen.push(...body.events.map((event: AccountEvent) => event.id))
      pages.push([body.events.length, body.more])
      after = body.next
      more = body.more
    }
    expect(seen).toEqual(Array.from({ length: 7 }, (_, index) => start + 1 + index))
    expect(pages).toEqual([
      [3, true],
      [3, true],
      [1, false],
    ])
    expect((await read(start, 7)).body.more).toBe(false)
  })

  test('shows a reader that polls while much happens at once every event once: none comes behind its position', async () => {
    const start = await lastId()
    const seen: number[] = []
    let after = start
    let busy = true
    const follow = async () => {
      const page = await auth.app.feed.eventsAfter(after, 1_000)
      seen.push(...page.events.map(event => event.id))
      after = page.next
    }
    const reader = (async () => {
      while (busy) await follow()
    })()
    const live = async (index: number) => {
      for (let round = 0; round < 3; round += 1) {
        const person = await auth.person()
        await (index % 2 ? person.call('POST', '/api/logout') : person.call('DELETE', '/api/account'))
      }
    }
    try {
      await Promise.all(Array.from({ length: 8 }, (_, index) => live(index)))
    } finally {
      busy = false
      await reader
    }
    await follow()
    expect(seen).toEqual(Array.from({ length: 48 }, (_, index) => start + 1 + index))
  })

  test.each([
    ['no position', '', 'query.after'],
    ['a position below 0', 'after=-1', 'query.after'],
    ['a position that is no whole number', 'after=1.5', 'query.after'],
    ['a position beyond all numbers', 'after=9007199254740993', 'query.after'],
    ['a limit of 0', 'after=0&limit=0', 'query.limit'],
    ['a limit of 1001', 'after=0&limit=1001', 'query.limit'],
    ['an unknown parameter', 'after=0&user=1', 'user'],
    ['a parameter twice', 'after=0&after=1', 'after'],
  ])('refuses %s', async (_, query, field) => {
    const { status, body } = await auth.call('GET', `/internal/account-events?${query}`, { token: credential })
    expect(status).toBe(400)
    expect(body.error.message).toContain(field)
  })

  test('answers a position beyond its end with nothing, and stays there', async () => {
    expect((await read(Number.MAX_SAFE_INTEGER)).body).toEqual({
      events: [],
      next: Number.MAX_SAFE_INTEGER,
      more: false,
    })
  })
})
