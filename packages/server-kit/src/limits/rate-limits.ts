import { type RateLimiterAbstract, RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible'
import { QsmError } from '../errors/qsm-error.js'

export interface RateLimit {
  /** Takes points of a key. Throws `rate_limited` with the seconds to wait when there are none left. */
  take(key: string, points?: number): Promise<void>
}

export interface RateLimitOptions {
  readonly name: string
  readonly points: number
  readonly perSeconds: number
  /** Counted in each pod alone: for what is done so often that asking Redis each time would cost more than it guards. */
  readonly perPod?: boolean
}

export type RateLimits = (options: RateLimitOptions) => RateLimit

/** The counting limiter of this process. */
export const memoryLimiter = ({ name, points, perSeconds }: RateLimitOptions): RateLimiterMemory =>
  new RateLimiterMemory({ keyPrefix: name, points, duration: perSeconds })

/** A limit of the API over a limiter of the library. `keyOf` says under which key it counts. */
export const limitOver = (limiter: RateLimiterAbstract, keyOf = (key: string) => key): RateLimit => ({
  async take(key, points = 1) {
    try {
      await limiter.consume(keyOf(key), points)
    } catch (refused) {
      if (!(refused instanceof RateLimiterRes)) throw refused
      const seconds = Math.max(1, Math.ceil(refused.msBeforeNext / 1000))
      throw new QsmError('rate_limited', `Too many requests: wait ${seconds} s.`, { retryAfterSeconds: seconds })
    }
  },
})

/** Limits counted in this process. */
export const createMemoryRateLimits = (): RateLimits => options => limitOver(memoryLimiter(options))
