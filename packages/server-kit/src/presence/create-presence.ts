import type { redisVariables } from '../config/shared-variables.js'
import type { ConfigOf } from '../config/variables.js'
import type { Logger } from '../log.js'
import { addressOf } from '../redis/address-of.js'
import { createMemoryPresence } from './memory-presence.js'
import type { Presence } from './presence.js'
import { createRedisPresence } from './redis-presence.js'

/** The presence that the variables ask for: in Redis where REDIS_URL names one, else within this process. */
export const createPresence = (config: ConfigOf<typeof redisVariables>, log: Logger): Presence => {
  const address = addressOf(config)
  return address ? createRedisPresence({ ...address, log }) : createMemoryPresence()
}
