import { RateLimiterRedis } from 'rate-limiter-flexible'
import type { LimitKeys } from './limit-keys.js'
import type { LimitStore } from './limit-store.js'
import { limitOver, memoryLimiter, type RateLimits } from './rate-limits.js'

/**
 * What a pod alone lets through of an allowance that all share: half. Two pods, the least that are several, then let through
 * together what was allowed; how many there are a pod does not know, and one that guesses high shuts out people who did
 * nothing.
 */
const shareAlone = 0.5

/** What RateLimiterRedis asks of its client, without the script that it would run. */
const clientOver = (store: LimitStore) => ({
  rlflxIncr: ([key = '', points = '', seconds = '']: readonly string[]) =>
    store
      .run(transaction => transaction.set(key, 0, 'EX', Number(seconds), 'NX').incrby(key, Number(points)).pttl(key))
      .then(([, consumed, leftMs]) => [consumed, leftMs]),
})

/** Limits that all pods count together; while the store is away each counts alone, and stricter. */
export const createRedisRateLimits =
  (store: LimitStore, keys: LimitKeys): RateLimits =>
  options => {
    if (options.perPod) return limitOver(memoryLimiter(options))
    const { name, points, perSeconds } = options
    const limiter = new RateLimiterRedis({
      storeClient: clientOver(store),
      keyPrefix: '',
      points,
      duration: perSeconds,
      // Who is over is refused from here until the points come back: a flood does not reach Redis.
      inMemoryBlockOnConsumed: points + 1,
      insuranceLimiter: memoryLimiter({ ...options, points: Math.max(1, Math.floor(points * shareAlone)) }),
    })
    return limitOver(limiter, key => keys(name, key))
  }
