import type { redisVariables } from '../config/shared-variables.js'
import type { ConfigOf } from '../config/variables.js'
import type { RedisAddress } from './connections.js'

/** Where Redis is by the variables; null where this process is alone. */
export const addressOf = (config: ConfigOf<typeof redisVariables>): RedisAddress | null =>
  config.REDIS_URL
    ? {
        url: config.REDIS_URL.reveal(),
        sentinels: config.REDIS_SENTINELS,
        sentinelName: config.REDIS_SENTINEL_NAME,
        cluster: config.REDIS_CLUSTER,
      }
    : null
