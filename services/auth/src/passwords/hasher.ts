import { hash, verify } from '@node-rs/argon2'
import { createHashQueue, type HashFor, type HashQueueLimits } from './hash-queue.js'

/** RFC 9106 and the OWASP minimum: argon2id (the library's number 2), 19 MiB, two passes, one lane. */
const argon2id = { algorithm: 2, memoryCost: 19_456, timeCost: 2, parallelism: 1 } as const

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
}

/**
 * Argon2id in a bounded queue: a hash takes a thread of the pool for about 15 ms, and the database driver's name look-ups
 * and file access need threads too.
 */
export const createPasswordHasher = async (limits: HashQueueLimits): Promise<PasswordHasher> => {
  const inTurn = createHashQueue(limits)
  // Unknown users cost the same work as known ones, or the time would tell which names exist.
  const nobody = await hash('the password of nobody', argon2id)
  return {
    hash: (password, whom) => inTurn(whom, () => hash(password, argon2id)),
    verify: (storedHash, password, whom, begin) =>
      inTurn(whom, async () => {
        await begin?.()
        const fits = await verify(storedHash ?? nobody, password)
        return fits && storedHash !== null
      }),
  }
}
