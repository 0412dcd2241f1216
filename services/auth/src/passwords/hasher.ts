import type { Logger } from '@qsm/server-kit'
import { createHashQueue, type HashFor, type HashQueueLimits } from './hash-queue.js'
import { type HashThreads, startHashThreads } from './hash-threads.js'

export interface PasswordHasher {
  /** The encoded argon2id hash. Throws `rate_limited` or `unavailable` when too many wait. */
  hash(password: string, whom: HashFor): Promise<string>
  /**
   * Whether the password fits the hash; with a null hash the same work is done and the answer is false. `begin` is called
   * when the work begins, which may be long after the call; what it throws ends the matter. Throws as above besides.
   */
  verify(
    storedHash: string | null,
    password: string,
    whom: HashFor,
    begin?: () => void | Promise<void>,
  ): Promise<boolean>
  /** Ends its threads. */
  close(): Promise<void>
}

/** Argon2id in a bounded queue: each hash takes a thread for about 15 ms, and 19 MiB. */
export const createPasswordHasher = async (
  limits: HashQueueLimits,
  log: Logger,
  threads: HashThreads = startHashThreads(limits.maxConcurrent, log),
): Promise<PasswordHasher> => {
  const inTurn = createHashQueue(limits)
  // Unknown users cost the same work as known ones, or the time would tell which names exist.
  const nobody = await threads.hash('the password of nobody')
  return {
    hash: (password, whom) => inTurn(whom, () => threads.hash(password)),
    verify: (storedHash, password, whom, begin) =>
      inTurn(whom, async () => {
        await begin?.()
        const fits = await threads.verify(storedHash ?? nobody, password)
        return fits && storedHash !== null
      }),
    close: () => threads.close(),
  }
}
