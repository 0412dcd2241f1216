import { QsmError } from '@qsm/server-kit'

/** For whom a password is hashed. */
export interface HashFor {
  /** The account that is meant: of an anonymous caller its folded name, of one who is logged in the user's id. */
  readonly account: string
  readonly address: string
}

export interface HashQueueLimits {
  readonly maxConcurrent: number
  readonly maxWaiting: number
  /** Below `maxWaiting`, so that nobody who logs in again and again fills the queue and shuts out all others. */
  readonly maxWaitingPerAccount: number
  readonly maxWaitingPerAddress: number
}

/** Runs work in its turn. Throws `rate_limited` when too much waits for the same account or address, else `unavailable`. */
export type HashQueue = <T>(whom: HashFor, work: () => Promise<T>) => Promise<T>

const refuse = (whose: string): never => {
  throw new QsmError('rate_limited', `Too many passwords of this ${whose} wait to be checked: try again in a second.`, {
    retryAfterSeconds: 1,
  })
}

const createCounts = () => {
  const counts = new Map<string, number>()
  const of = (key: string) => counts.get(key) ?? 0
  return {
    of,
    add: (key: string) => counts.set(key, of(key) + 1),
    remove: (key: string) => (of(key) > 1 ? counts.set(key, of(key) - 1) : counts.delete(key)),
  }
}

/** Bounded concurrency; who waits stands in one queue, of which no account and no address takes more than its share. */
export const createHashQueue = (limits: HashQueueLimits): HashQueue => {
  let running = 0
  const waiting: (() => void)[] = []
  const accounts = createCounts()
  const addresses = createCounts()

  const wait = async ({ account, address }: HashFor): Promise<void> => {
    if (accounts.of(account) >= limits.maxWaitingPerAccount) refuse('account')
    if (addresses.of(address) >= limits.maxWaitingPerAddress) refuse('address')
    if (waiting.length >= limits.maxWaiting) {
      throw new QsmError('unavailable', 'Too many people log in just now: try again in a moment.', {
        retryAfterSeconds: 2,
      })
    }
    accounts.add(account)
    addresses.add(address)
    await new Promise<void>(resolve => waiting.push(resolve))
    accounts.remove(account)
    addresses.remove(address)
  }

  return async (whom, work) => {
    if (running >= limits.maxConcurrent) await wait(whom)
    else running += 1
    try {
      return await work()
    } finally {
      const next = waiting.shift()
      if (next) next()
      else running -= 1
    }
  }
}
