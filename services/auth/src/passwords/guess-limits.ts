import { usernameKey } from '@qsm/contract'
import { type FailureWaits, QsmError } from '@qsm/server-kit'

/** One password that is about to be tried. */
export interface Guess {
  /**
   * To be called when the trying begins. Counts the guess as wrong until `succeeded` says else, so that those who guess
   * many at once get no more than those who guess in turn. Throws `rate_limited` when others came in between.
   */
  begin(): Promise<void>
  /** It was right: what was wrong before on this account is forgotten, on the address only this guess. */
  succeeded(): Promise<void>
}

export interface GuessLimits {
  /** Throws `rate_limited` while the account or the address must wait. */
  guess(username: string, address: string): Promise<Guess>
  /** The same for who is logged in and tries the own password. Strangers do not count here, so they shut nobody out. */
  guessOfCaller(userId: string): Promise<Guess>
}

const refuse = (waitMs: number): void => {
  if (waitMs <= 0) return
  const seconds = Math.ceil(waitMs / 1000)
  throw new QsmError('rate_limited', `Too many wrong passwords: wait ${seconds} s.`, { retryAfterSeconds: seconds })
}

/**
 * Slows down guessing. Of one account: five wrong passwords are free, then each further one doubles the wait, from 15 s to
 * 15 min, so that ten can be tried in the first 15 minutes. Of one address, over all accounts: a hundred are free. Who is
 * logged in already stays so, and is counted apart by the same rule, which a stolen token meets. Names that do not exist
 * count alike, or the limit would tell them.
 */
export const createGuessLimits = (failureWaits: FailureWaits): GuessLimits => {
  const accounts = failureWaits({ name: 'guess-account', freeFailures: 5 })
  const callers = failureWaits({ name: 'guess-caller', freeFailures: 5 })
  const addresses = failureWaits({ name: 'guess-address', freeFailures: 100 })
  return {
    async guess(username, address) {
      const key = usernameKey(username)
      refuse(Math.max(...(await Promise.all([accounts.waitMs(key), addresses.waitMs(address)]))))
      let takeBack = async () => {}
      return {
        async begin() {
          const ofAddress = await addresses.add(address)
          refuse(ofAddress.waitMs)
          const ofAccount = await accounts.add(key)
          if (ofAccount.waitMs > 0) await ofAddress.takeBack()
          refuse(ofAccount.waitMs)
          takeBack = ofAddress.takeBack
        },
        async succeeded() {
          await Promise.all([accounts.forget(key), takeBack()])
        },
      }
    },
    async guessOfCaller(userId) {
      refuse(await callers.waitMs(userId))
      return {
        begin: async () => refuse((await callers.add(userId)).waitMs),
        succeeded: () => callers.forget(userId),
      }
    },
  }
}
