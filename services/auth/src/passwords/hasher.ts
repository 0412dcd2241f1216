import { hash, verify } from '@node-rs/argon2'
import { QsmError } from '@qsm/server-kit'

/** RFC 9106 and the OWASP minimum: argon2id (the library's number 2), 19 MiB, two passes, one lane. */
const argon2id = { algorithm: 2, memoryCost: 19_456, timeCost: 2, parallelism: 1 } as const

export interface PasswordHasher {
  /** The encoded argon2id hash. Throws `unavailable` when too many wait. */
  hash(password: string): Promise<string>
  /**
   * Whether the password fits the hash; with a null hash the same work is done and the answer is false. `begin` is called
   * when the work begins, which may be long after the call; what it throws ends the matter. Throws `unavailable` as above.
   */
  verify(storedHash: string | null, password: string, begin?: () => void | Promise<void>): Promise<boolean>
}

/**
 * Argon2id with bounded concurrency: a hash takes a thread of the pool for about 15 ms, and the database driver's name
 * look-ups and file access need threads too. Who waits stands in one queue; a full queue answers 503.
 */
export const createPasswordHasher = async (limits: {
  readonly maxConcurrent: number
  readonly maxWaiting: number
}): Promise<PasswordHasher> => {
  let running = 0
  const waiting: (() => void)[] = []

  const bounded = async <T>(work: () => Promise<T>): Promise<T> => {
    if (running >= limits.maxConcurrent) {
      if (waiting.length >= limits.maxWaiting) {
        throw new QsmError('unavailable', 'Too many people log in just now: try again in a moment.', {
          retryAfterSeconds: 2,
        })
      }
      await new Promise<void>(resolve => waiting.push(resolve))
    } else {
      running += 1
    }
    try {
      return await work()
    } finally {
      const next = waiting.shift()
      if (next) next()
      else running -= 1
    }
  }

  // Unknown users cost the same work as known ones, or the time would tell which names exist.
  const nobody = await hash('the password of nobody', argon2id)
  return {
    hash: password => bounded(() => hash(password, argon2id)),
    verify: (storedHash, password, begin) =>
      bounded(async () => {
        await begin?.()
        const fits = await verify(storedHash ?? nobody, password)
        return fits && storedHash !== null
      }),
  }
}
