import type { redisVariables } from '../config/shared-variables.js'
import type { ConfigOf } from '../config/variables.js'
import type { RedisAddress } from './connections.js'

const withPassword = (url: string, password: string): string => {
  const whole = new URL(url)
  whole.password = encodeURIComponent(password)
  return whole.href
}

/** Where Redis is by the variables; null where this process is alone. */
export const addressOf = (config: ConfigOf<typeof redisVariables>): RedisAddress | null =>
  config.REDIS_URL
    ? {
        url: config.REDIS_PASSWORD
          ? withPassword(config.REDIS_URL.reveal(), config.REDIS_PASSWORD.reveal())
          : config.REDIS_URL.reveal(),
        sentinels: config.REDIS_SENTINELS,
        sentinelName: config.REDIS_SENTINEL_NAME,
        sentinelUsername: config.REDIS_SENTINEL_USERNAME,
        sentinelPassword: config.REDIS_SENTINEL_PASSWORD?.reveal(),
        cluster: config.REDIS_CLUSTER,
      }
    : null
