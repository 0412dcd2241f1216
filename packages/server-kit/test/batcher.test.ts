import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { createBatcher } from '../src/index.js'

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['performance'] })
})
afterEach(() => {
  vi.useRealTimers()
})

const nextTurn = () => new Promise(setImmediate)

/** A batcher whose runs the test ends by hand. */
const byHand = (options: {
  readonly maxItems: number
  readonly maxInFlight: number
  readonly keyOf?: (item: number) => string
  readonly onePerKey?: boolean
  readonly weightOf?: (item: number) => number
  readonly maxWeight?: number
  readonly everyMs?: number
  readonly loneAtOnce?: boolean
}) => {
  const runs: {
    readonly items: readonly number[]
    readonly end: (results: readonly (string | Error)[]) => void
    readonly fail: (error: Error) => void
  }[] = []
  const ask = createBatcher<number, string>({
    ...options,
    run: items => new Promise((end, fail) => runs.push({ items, end, fail })),
  })
  return { ask, runs, items: () => runs.map(run => run.items) }
}

describe('a batcher', () => {
  test('runs what one turn asks for together, and gives each its own result or error', async () => {
    const { ask, runs, items } = byHand({ maxItems: 10, maxInFlight: 1 })
    const asked = Promise.allSettled([ask(1), ask(2), ask(3)])
    await nextTurn()
    expect(items()).toEqual([[1, 2, 3]])
    runs[0]?.end(['one', new Error('not two'), 'three'])
    expect((await asked).map(one => (one.status === 'fulfilled' ? one.value : one.reason.message))).toEqual([
      'one',
      'not two',
      'three',
    ])
  })

  test('takes one item of a key into a run where told so, and the others in their order', async () => {
    const keyOf = (item: number) => (item < 10 ? 'small' : `${item}`)
    const { ask, runs, items } = byHand({ maxItems: 3, maxInFlight: 2, keyOf, onePerKey: true })
    for (const item of [1, 2, 3, 10, 11, 12]) void ask(item)
    await nextTurn()
    expect(items()).toEqual([[1, 10, 11], [12]])
    runs[0]?.end(['one', 'ten', 'eleven'])
    await nextTurn()
    await nextTurn()
    expect(items().at(-1)).toEqual([2])
  })

  test('takes no more into a run than it may weigh, what is heavier alone, and nothing past it', async () => {
    const { ask, runs, items } = byHand({ maxItems: 10, maxInFlight: 1, weightOf: item => item, maxWeight: 10 })
    const asked = [4, 5, 2, 30, 1, 9].map(ask)
    for (const expected of [[4, 5], [2], [30], [1, 9]]) {
      await nextTurn()
      await nextTurn()
      expect(items().at(-1)).toEqual(expected)
      runs.at(-1)?.end(expected.map(String))
    }
    expect(await Promise.all(asked)).toEqual(['4', '5', '2', '30', '1', '9'])
  })

  test('runs as many at once as it may, and then what has come meanwhile', async () => {
    const { ask, runs, items } = byHand({ maxItems: 2, maxInFlight: 2 })
    const asked = [1, 2, 3, 4, 5].map(ask)
    await nextTurn()
    expect(items()).toEqual([
      [1, 2],
      [3, 4],
    ])
    asked.push(ask(6))
    runs[1]?.end(['three', 'four'])
    await nextTurn()
    await nextTurn()
    expect(items().at(-1)).toEqual([5, 6])
    runs[0]?.end(['one', 'two'])
    runs[2]?.end(['five', 'six'])
    expect(await Promise.all(asked)).toEqual(['one', 'two', 'three', 'four', 'five', 'six'])
  })

  test('keeps items of one key apart: what has the key of a run waits for its end, others need not', async () => {
    const { ask, runs, items } = byHand({ maxItems: 2, maxInFlight: 3, keyOf: item => String(item % 10) })
    const order: string[] = []
    const asked = [11, 21, 31, 12].map(item => ask(item).then(result => order.push(result)))
    await nextTurn()
    expect(items()).toEqual([[11, 21], [12]])
    asked.push(ask(13).then(result => order.push(result)))
    await nextTurn()
    expect(items()).toEqual([[11, 21], [12], [13]])
    runs[2]?.end(['13'])
    runs[1]?.end(['12'])
    await nextTurn()
    expect(items()).toHaveLength(3)
    runs[0]?.end(['11', '21'])
    await nextTurn()
    await nextTurn()
    expect(items().at(-1)).toEqual([31])
    runs[3]?.end(['31'])
    await Promise.all(asked)
    expect(order.filter(one => one.endsWith('1'))).toEqual(['11', '21', '31'])
  })

  test('tells those who have waited long behind a run that fails, and goes on with those who came just now', async () => {
    const { ask, runs, items } = byHand({ maxItems: 1, maxInFlight: 1 })
    const away = new Error('the database is away')
    const first = ask(1).catch((error: Error) => error)
    await nextTurn()
    const long = ask(2).catch((error: Error) => error)
    vi.advanceTimersByTime(1_500)
    const late = ask(3)
    runs[0]?.fail(away)
    expect(await Promise.all([first, long])).toEqual([away, away])
    await nextTurn()
    expect(items()).toEqual([[1], [3]])
    runs[1]?.end(['three'])
    expect(await late).toBe('three')
  })

  describe('whose runs begin apart', () => {
    beforeEach(() => {
      vi.useFakeTimers({ toFake: ['performance', 'setTimeout'] })
    })

    test('gathers for as long what comes after a run, and lets go at once who comes later than that', async () => {
      const { ask, runs, items } = byHand({ maxItems: 10, maxInFlight: 1, everyMs: 20 })
      void ask(1)
      await nextTurn()
      runs[0]?.end(['one'])
      await nextTurn()
      void ask(2)
      vi.advanceTimersByTime(19)
      void ask(3)
      await nextTurn()
      expect(items()).toEqual([[1]])
      vi.advanceTimersByTime(1)
      expect(items()).toEqual([[1], [2, 3]])
      runs[1]?.end(['two', 'three'])
      await nextTurn()
      vi.advanceTimersByTime(20)
      void ask(4)
      await nextTurn()
      expect(items()).toEqual([[1], [2, 3], [4]])
    })

    test('lets go at once whoever follows a run of one, where told so, and gathers after a run of several', async () => {
      const { ask, runs, items } = byHand({ maxItems: 10, maxInFlight: 1, everyMs: 20, loneAtOnce: true })
      for (const item of [1, 2]) {
        void ask(item)
        await nextTurn()
        expect(items().at(-1)).toEqual([item])
        runs.at(-1)?.end(['alone'])
        await nextTurn()
      }
      void ask(3)
      void ask(4)
      await nextTurn()
      expect(items().at(-1)).toEqual([3, 4])
      runs.at(-1)?.end(['three', 'four'])
      await nextTurn()
      void ask(5)
      vi.advanceTimersByTime(19)
      await nextTurn()
      expect(items()).toHaveLength(3)
      vi.advanceTimersByTime(1)
      expect(items().at(-1)).toEqual([5])
    })
  })
})
