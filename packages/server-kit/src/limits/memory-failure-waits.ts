import type { Clock } from '../clock.js'
import { delayMs, type FailureWaits, forgetAfterMs } from './failure-waits.js'

interface Failures {
  readonly count: number
  readonly last: number
}

const maxRemembered = 100_000

/** Failures counted in this process, of at most 100 000 keys for each name. */
export const createMemoryFailureWaits =
  (clock: Clock): FailureWaits =>
  ({ freeFailures }) => {
    const failures = new Map<string, Failures>()
    const waitNow = (key: string): number => {
      const known = failures.get(key)
      return known ? known.last + delayMs(known.count, freeFailures) - clock.now() : 0
    }
    return {
      waitMs: async key => waitNow(key),
      async add(key) {
        const waitMs = waitNow(key)
        if (waitMs > 0) return { waitMs, takeBack: async () => {} }
        const now = clock.now()
        const before = failures.get(key)
        const counted = { count: before && now - before.last < forgetAfterMs ? before.count + 1 : 1, last: now }
        failures.delete(key)
        if (failures.size >= maxRemembered) failures.delete(failures.keys().next().value as string)
        failures.set(key, counted)
        return {
          waitMs: 0,
          async takeBack() {
            const known = failures.get(key)
            if (known === counted && before) failures.set(key, before)
            else if (known && known.count > 1) failures.set(key, { ...known, count: known.count - 1 })
            else failures.delete(key)
          },
        }
      },
      async forget(key) {
        failures.delete(key)
      },
    }
  }
