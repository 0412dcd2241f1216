import type { Clock } from '../clock.js'
import type { redisVariables } from '../config/shared-variables.js'
import type { ConfigOf } from '../config/variables.js'
import type { Logger } from '../log.js'
import type { Metrics } from '../metrics/registry.js'
import { addressOf } from '../redis/address-of.js'
import type { FailureWaits } from './failure-waits.js'
import { createLimitKeys } from './limit-keys.js'
import { createLimitStore } from './limit-store.js'
import { createMemoryFailureWaits } from './memory-failure-waits.js'
import { createMemoryRateLimits, type RateLimits } from './rate-limits.js'
import { createRedisFailureWaits } from './redis-failure-waits.js'
import { createRedisRateLimits } from './redis-rate-limits.js'

export interface Limits {
  readonly rateLimits: RateLimits
  readonly failureWaits: FailureWaits
  close(): void
}

/** The limits that the variables ask for: counted by all pods in Redis where REDIS_URL names one, else in this process. */
export const createLimits = (
  config: ConfigOf<typeof redisVariables>,
  secret: string,
  { log, metrics, clock }: { readonly log: Logger; readonly metrics: Metrics; readonly clock: Clock },
): Limits => {
  const address = addressOf(config)
  if (!address) {
    return { rateLimits: createMemoryRateLimits(), failureWaits: createMemoryFailureWaits(clock), close() {} }
  }
  const store = createLimitStore({ ...address, log, metrics })
  const keys = createLimitKeys(secret)
  return {
    rateLimits: createRedisRateLimits(store, keys),
    failureWaits: createRedisFailureWaits({ store, keys, log }, clock),
    close: () => store.close(),
  }
}
