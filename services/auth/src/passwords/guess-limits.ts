import { usernameKey } from '@qsm/contract'
import { type Clock, QsmError } from '@qsm/server-kit'

/** One password that is about to be tried. */
export interface Guess {
  /**
   * To be called when the trying begins. Counts the guess as wrong until `succeeded` says else, so that those who guess
   * many at once get no more than those who guess in turn. Throws `rate_limited` when others came in between.
   */
  begin(): void
  /** It was right: what was wrong before on this account is forgotten, on the address only this guess. */
  succeeded(): void
}

export interface GuessLimits {
  /** Throws `rate_limited` while the account or the address must wait. */
  guess(username: string, address: string): Guess
}

interface Failures {
  readonly count: number
  readonly last: number
}

const firstDelayMs = 15_000
const maxDelayMs = 15 * 60_000
const forgetAfterMs = 30 * 60_000
const maxRemembered = 100_000

/** Failures by key: some are free, then each further one doubles the wait. */
const createTracker = (freeFailures: number, clock: Clock) => {
  const failures = new Map<string, Failures>()
  return {
    waitMs(key: string): number {
      const known = failures.get(key)
      if (!known || known.count < freeFailures) return 0
      const delayMs = Math.min(maxDelayMs, firstDelayMs * 2 ** (known.count - freeFailures))
      return known.last + delayMs - clock.now()
    },
    /** Returns the function that takes this failure back. */
    add(key: string): () => void {
      const now = clock.now()
      const before = failures.get(key)
      const counted = { count: before && now - before.last < forgetAfterMs ? before.count + 1 : 1, last: now }
      failures.delete(key)
      if (failures.size >= maxRemembered) failures.delete(failures.keys().next().value as string)
      failures.set(key, counted)
      return () => {
        const known = failures.get(key)
        if (known === counted && before) failures.set(key, before)
        else if (known && known.count > 1) failures.set(key, { ...known, count: known.count - 1 })
        else failures.delete(key)
      }
    },
    forget: (key: string) => failures.delete(key),
  }
}

/**
 * Slows down guessing. Of one account: five wrong passwords are free, then each further one doubles the wait, from 15 s to
 * 15 min, so that ten can be tried in the first 15 minutes. Of one address, over all accounts: a hundred are free. Who is
 * logged in already stays so. Names that do not exist count alike, or the limit would tell them.
 */
export const createGuessLimits = (clock: Clock): GuessLimits => {
  const accounts = createTracker(5, clock)
  const addresses = createTracker(100, clock)
  const check = (key: string, address: string) => {
    const waitMs = Math.max(accounts.waitMs(key), addresses.waitMs(address))
    if (waitMs <= 0) return
    const seconds = Math.ceil(waitMs / 1000)
    throw new QsmError('rate_limited', `Too many wrong passwords: wait ${seconds} s.`, { retryAfterSeconds: seconds })
  }
  return {
    guess(username, address) {
      const key = usernameKey(username)
      check(key, address)
      let takeBack = () => {}
      return {
        begin() {
          check(key, address)
          accounts.add(key)
          takeBack = addresses.add(address)
        },
        succeeded() {
          accounts.forget(key)
          takeBack()
        },
      }
    },
  }
}
