import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { createDataKeyCache } from '../src/kek/vault/data-key-cache.js'

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] })
})
afterEach(() => {
  vi.useRealTimers()
})

const keyOf = (byte: number) => new Uint8Array(32).fill(byte)
const wiped = keyOf(0)

/** The copies that the cache keeps, as they are made. */
const watchCopies = () => {
  const copies: Uint8Array[] = []
  const watched = (byte: number): Uint8Array => {
    const key = keyOf(byte)
    const slice = key.slice.bind(key)
    key.slice = (...range) => {
      const copy = slice(...range)
      copies.push(copy)
      return copy
    }
    return key
  }
  return { copies, watched }
}

it('hands out copies, and is not touched by what callers do to theirs', () => {
  const cache = createDataKeyCache({ maxEntries: 2, lifeMs: 60_000 })
  const key = keyOf(7)
  cache.set('a', key)
  key.fill(0)
  cache.get('a')?.fill(0)
  expect(cache.get('a')).toEqual(keyOf(7))
  expect(cache.get('b')).toBeNull()
  cache.close()
})

it('wipes each key when its time is over, also when nobody asks, and however often it was asked for', () => {
  const { copies, watched } = watchCopies()
  const cache = createDataKeyCache({ maxEntries: 10, lifeMs: 60_000 })
  cache.set('a', watched(1))
  vi.advanceTimersByTime(40_000)
  cache.set('b', watched(2))
  expect(cache.get('a')).toEqual(keyOf(1))
  vi.advanceTimersByTime(19_999)
  expect(copies).toEqual([keyOf(1), keyOf(2)])
  vi.advanceTimersByTime(1)
  expect(copies).toEqual([wiped, keyOf(2)])
  expect(cache.get('a')).toBeNull()
  vi.advanceTimersByTime(40_000)
  expect(copies).toEqual([wiped, wiped])
  expect(vi.getTimerCount()).toBe(0)
})

it('keeps no more than its bound: the oldest goes, wiped', () => {
  const { copies, watched } = watchCopies()
  const cache = createDataKeyCache({ maxEntries: 2, lifeMs: 60_000 })
  for (const [name, byte] of [
    ['a', 1],
    ['b', 2],
    ['b', 3],
    ['c', 4],
  ] as const)
    cache.set(name, watched(byte))
  expect(copies).toEqual([wiped, wiped, keyOf(3), keyOf(4)])
  expect([cache.get('a'), cache.get('b'), cache.get('c')]).toEqual([null, keyOf(3), keyOf(4)])
  cache.close()
})

it('wipes all at its end, and keeps nothing after it', () => {
  const { copies, watched } = watchCopies()
  const cache = createDataKeyCache({ maxEntries: 2, lifeMs: 60_000 })
  cache.set('a', watched(1))
  cache.close()
  cache.set('b', watched(2))
  expect(copies).toEqual([wiped])
  expect([cache.get('a'), cache.get('b'), vi.getTimerCount()]).toEqual([null, null, 0])
})
