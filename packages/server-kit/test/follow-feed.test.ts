import type { AccountEvent } from '@qsm/contract'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { type FeedFollower, followFeed } from '../src/accounts/follow-feed.js'
import type { Database } from '../src/index.js'
import { listeningLog } from './support.js'

const eventOf = (id: number): AccountEvent => ({
  ...{ id, type: 'session_ended', user_id: 'a user', username: 'alice', session_id: `session ${id}` },
  at: '2026-11-27T00:00:00.000Z',
})

let all: AccountEvent[]
let told: number[]
/** The ids of each transaction. */
let stored: number[][]
let mayStore: Promise<void>
let follower: FeedFollower

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] })
  all = []
  told = []
  stored = []
  mayStore = Promise.resolve()
  follower = followFeed({
    feed: {
      async eventsAfter(after, limit) {
        const events = all.filter(event => event.id > after).slice(0, limit)
        return { events, next: events.at(-1)?.id ?? after, more: all.some(event => event.id > after + events.length) }
      },
    },
    database: {
      transaction: async (run: (query: never) => Promise<void>) => run(undefined as never),
    } as unknown as Database,
    log: listeningLog().log,
    position: 0,
    onEvents: events => told.push(...events.map(event => event.id)),
    async apply(_query, events) {
      stored.push(events.map(event => event.id))
      await mayStore
    },
  })
})

afterEach(async () => {
  await follower.stop()
  vi.useRealTimers()
})

const turns = async () => {
  for (let turn = 0; turn < 5; turn += 1) await new Promise(setImmediate)
}

const happen = async (count: number) => {
  for (let done = 0; done < count; done += 1) {
    all.push(eventOf(all.length + 1))
    follower.hear()
    await turns()
  }
}

const ids = (first: number, last: number) => Array.from({ length: last - first + 1 }, (_, index) => first + index)

describe('what is heard of the feed', () => {
  test('is told and stored at once where nothing was stored just before', async () => {
    await happen(1)
    expect([told, stored]).toEqual([[1], [[1]]])
    await vi.advanceTimersByTimeAsync(250)
    await happen(1)
    expect([told, stored]).toEqual([
      [1, 2],
      [[1], [2]],
    ])
  })

  test('is stored at once where it is more than ended sessions, with those that waited: a new account has requests', async () => {
    await happen(3)
    expect(stored).toEqual([[1]])
    all.push({ ...eventOf(4), type: 'created', session_id: null })
    follower.hear()
    await turns()
    expect(stored).toEqual([[1], ids(2, 4)])
    await vi.advanceTimersByTimeAsync(250)
    expect(stored).toEqual([[1], ids(2, 4)])
  })

  test('is told at once and stored together within a quarter of a second where much happens', async () => {
    await happen(8)
    expect([told, stored]).toEqual([ids(1, 8), [[1]]])
    await vi.advanceTimersByTimeAsync(249)
    expect(stored).toEqual([[1]])
    await vi.advanceTimersByTimeAsync(1)
    expect(stored).toEqual([[1], ids(2, 8)])
  })

  test('waits no longer where somebody asks that it is stored', async () => {
    await happen(3)
    expect(await follower.sync()).toBe(true)
    expect(stored).toEqual([[1], [2, 3]])
  })

  test('while something is being stored is stored when its time comes, and not in a chain of single transactions', async () => {
    let go = () => {}
    mayStore = new Promise(resolve => {
      go = resolve
    })
    await happen(5)
    go()
    await turns()
    await happen(2)
    await vi.advanceTimersByTimeAsync(250)
    expect(stored.flat()).toEqual(ids(1, 7))
    expect(stored.length).toBeLessThanOrEqual(3)
  })

  test('is not stored any more after the end', async () => {
    await happen(3)
    await follower.stop()
    await vi.advanceTimersByTimeAsync(1_000)
    expect([told, stored]).toEqual([[1, 2, 3], [[1]]])
  })

  test('shares a transaction with no more than 500 others', async () => {
    await happen(1)
    for (let page = 0; page < 3; page += 1) {
      all.push(...ids(all.length + 1, all.length + 300).map(eventOf))
      follower.hear()
      await turns()
    }
    await vi.advanceTimersByTimeAsync(250)
    await turns()
    expect(stored.map(events => events.length)).toEqual([1, 300, 300, 300])
    expect(stored.flat()).toEqual(ids(1, 901))
  })
})
