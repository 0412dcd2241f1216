import { type Clock, QsmError } from '@qsm/server-kit'

export interface GuessLimits {
  /** Throws `rate_limited` while an account or address must wait. */
  check(username: string, address: string): void
  failed(username: string, address: string): void
  succeeded(username: string): void
}

interface Failures {
  readonly count: number
  readonly last: number
}

const firstDelayMs = 2_000
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
    add(key: string): void {
      const now = clock.now()
      const known = failures.get(key)
      const count = known && now - known.last < forgetAfterMs ? known.count + 1 : 1
      failures.delete(key)
      if (failures.size >= maxRemembered) failures.delete(failures.keys().next().value as string)
      failures.set(key, { count, last: now })
    },
    forget: (key: string) => failures.delete(key),
  }
}

/**
 * Slows down guessing. Of one account: five wrong passwords are free, then each further one doubles the wait, from 2 s to
 * 15 min, so that about ten can be tried in 15 minutes. Of one address, over all accounts: a hundred are free. Who is
 * logged in already stays so. Names that do not exist count alike, or the limit would tell them.
 */
export const createGuessLimits = (clock: Clock): GuessLimits => {
  const accounts = createTracker(5, clock)
  const addresses = createTracker(100, clock)
  return {
    check(username, address) {
      const waitMs = Math.max(accounts.waitMs(username.toLowerCase()), addresses.waitMs(address))
      if (waitMs <= 0) return
      const seconds = Math.ceil(waitMs / 1000)
      throw new QsmError('rate_limited', `Too many wrong passwords: wait ${seconds} s.`, { retryAfterSeconds: seconds })
    },
    failed(username, address) {
      accounts.add(username.toLowerCase())
      addresses.add(address)
    },
    succeeded(username) {
      accounts.forget(username.toLowerCase())
    },
  }
}
