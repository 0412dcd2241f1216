import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible'
import { QsmError } from '../errors/qsm-error.js'

export interface RateLimit {
  /** Takes points of a key. Throws `rate_limited` with the seconds to wait when there are none left. */
  take(key: string, points?: number): Promise<void>
  /** Gives the points of a key back, as after a success. */
  reset(key: string): Promise<void>
}

export interface RateLimitOptions {
  readonly name: string
  readonly points: number
  readonly perSeconds: number
  /** For how long a key that went over is refused; until its points come back where left out. */
  readonly blockSeconds?: number
}

export type RateLimits = (options: RateLimitOptions) => RateLimit

/** Limits counted in this process. */
export const createMemoryRateLimits = (): RateLimits => options => {
  const limiter = new RateLimiterMemory({
    keyPrefix: options.name,
    points: options.points,
    duration: options.perSeconds,
    ...(options.blockSeconds === undefined ? {} : { blockDuration: options.blockSeconds }),
  })
  return {
    async take(key, points = 1) {
      try {
        await limiter.consume(key, points)
      } catch (refused) {
        if (!(refused instanceof RateLimiterRes)) throw refused
        const seconds = Math.max(1, Math.ceil(refused.msBeforeNext / 1000))
        throw new QsmError('rate_limited', `Too many requests: wait ${seconds} s.`, { retryAfterSeconds: seconds })
      }
    },
    async reset(key) {
      await limiter.delete(key)
    },
  }
}

/** Limits that never refuse, for load tests of other parts. */
export const noRateLimits: RateLimits = () => ({ take: async () => {}, reset: async () => {} })
