import { type Clock, QsmError, type RateLimits } from '@qsm/server-kit'

export interface GuessLimits {
  /** Throws `rate_limited` while an account or address must wait. */
  check(username: string, address: string): Promise<void>
  failed(username: string): void
  succeeded(username: string): void
}

const freeGuesses = 5
const maxDelayMs = 15 * 60_000
const forgetAfterMs = 30 * 60_000
const maxRemembered = 100_000

/**
 * Slows down guessing. Of one account: five wrong passwords are free, then each further one doubles the wait, from 2 s to
 * 15 min, so that about ten can be tried in 15 minutes. Of one address: 100 logins in 5 minutes over all accounts. Who
 * is logged in already stays so. Names that do not exist count alike, or the limit would tell them.
 */
export const createGuessLimits = (rateLimits: RateLimits, clock: Clock): GuessLimits => {
  const perAddress = rateLimits({ name: 'login-address', points: 100, perSeconds: 300 })
  const failures = new Map<string, { count: number; last: number }>()

  return {
    async check(username, address) {
      const known = failures.get(username.toLowerCase())
      if (known && known.count >= freeGuesses) {
        const delayMs = Math.min(maxDelayMs, 2_000 * 2 ** (known.count - freeGuesses))
        const waitMs = known.last + delayMs - clock.now()
        if (waitMs > 0) {
          const seconds = Math.ceil(waitMs / 1000)
          throw new QsmError('rate_limited', `Too many wrong passwords: wait ${seconds} s.`, { retryAfterSeconds: seconds })
        }
      }
      await perAddress.take(address)
    },
    failed(username) {
      const name = username.toLowerCase()
      const known = failures.get(name)
      const now = clock.now()
      const count = known && now - known.last < forgetAfterMs ? known.count + 1 : 1
      failures.delete(name)
      if (failures.size >= maxRemembered) failures.delete(failures.keys().next().value as string)
      failures.set(name, { count, last: now })
    },
    succeeded(username) {
      failures.delete(username.toLowerCase())
    },
  }
}
