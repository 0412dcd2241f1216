import fc from 'fast-check'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { createTestDatabase, type TestDatabase } from '../../../tests/support/database.js'
import { silentLog } from '../../../tests/support/silent-log.js'
import { aheadAfter, type Database, followDatabaseClock, openDatabase } from '../src/index.js'
import { handClock, listeningLog } from './support.js'

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
})
afterEach(() => {
  vi.useRealTimers()
})

/** A database whose clock is so far ahead of the pod's, and which answers after a while. */
const databaseAhead = (pod: ReturnType<typeof handClock>) => {
  const state = { aheadMs: 0, takesMs: 2, isAway: false }
  const query = vi.fn(async () => {
    if (state.isAway) throw new Error('away')
    pod.advance(state.takesMs / 2)
    const now = String(pod.now() + state.aheadMs)
    pod.advance(state.takesMs / 2)
    return [{ now }]
  })
  return { state, database: { query: query as unknown as Database['query'] }, query }
}

test('the time of PostgreSQL is known here, to within half of the way there and back', () => {
  fc.assert(
    fc.property(fc.integer(), fc.integer(), fc.nat(5_000), fc.nat(5_000), (known, real, there, back) => {
      const asked = 1_800_000_000_000
      const look = { asked, said: asked + there + real, answered: asked + there + back }
      const ahead = aheadAfter(known, look)
      expect(Math.abs(ahead - real)).toBeLessThanOrEqual(there + back)
      // What may be right stays: a slow answer moves no clock.
      expect(aheadAfter(real, look)).toBe(real)
      expect(aheadAfter(ahead, look)).toBe(ahead)
    }),
  )
})

test('it follows when one of the clocks is set, asks in between nobody, and holds while the database is away', async () => {
  const pod = handClock()
  const { log, lines } = listeningLog()
  const { state, database, query } = databaseAhead(pod)
  const clock = await followDatabaseClock({ database, clock: pod, log })
  const offset = () => clock.now() - pod.now()
  expect(offset()).toBe(0)
  expect(lines).toEqual([])
  state.aheadMs = -7_200_000
  expect([offset(), query.mock.calls.length]).toEqual([0, 1])
  await vi.advanceTimersByTimeAsync(30_000)
  expect(offset()).toBe(-7_200_000)
  expect(lines.map(({ msg }) => msg)).toEqual([expect.stringContaining('is 7200.0 s ahead of that of PostgreSQL')])
  state.aheadMs = -7_200_500
  await vi.advanceTimersByTimeAsync(30_000)
  expect([offset(), lines.length]).toEqual([-7_200_500, 1])
  state.aheadMs = 1_000
  await vi.advanceTimersByTimeAsync(30_000)
  state.aheadMs = -7_200_000
  await vi.advanceTimersByTimeAsync(30_000)
  expect([offset(), lines.length]).toEqual([-7_200_000, 2])
  state.isAway = true
  await vi.advanceTimersByTimeAsync(30_000)
  expect(offset()).toBe(-7_200_000)
  state.isAway = false
  state.aheadMs = 0
  await vi.advanceTimersByTimeAsync(30_000)
  expect(offset()).toBe(0)
  clock.stop()
  state.aheadMs = 5_000
  await vi.advanceTimersByTimeAsync(60_000)
  expect(offset()).toBe(0)
})

test('what is not known to be wrong is not moved by an answer that took long', async () => {
  const pod = handClock()
  const { state, database } = databaseAhead(pod)
  state.takesMs = 800
  const clock = await followDatabaseClock({ database, clock: pod, log: silentLog })
  state.aheadMs = 300
  await vi.advanceTimersByTimeAsync(30_000)
  expect(clock.now()).toBe(pod.now())
  state.takesMs = 2
  await vi.advanceTimersByTimeAsync(30_000)
  expect(clock.now()).toBe(pod.now() + 300)
  clock.stop()
})

test('a real PostgreSQL is asked', async () => {
  const real: TestDatabase = await createTestDatabase()
  const options = { schema: 'public', entities: [], migrations: [], poolMax: 1, log: silentLog }
  const database = await openDatabase({ url: real.url, ...options })
  const clock = await followDatabaseClock({ database, clock: handClock(1_000), log: silentLog })
  expect(Math.abs(clock.now() - Date.now())).toBeLessThan(60_000)
  clock.stop()
  await database.close()
  await real.drop()
})
