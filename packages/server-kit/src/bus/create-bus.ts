import type { redisVariables } from '../config/shared-variables.js'
import type { ConfigOf } from '../config/variables.js'
import type { Logger } from '../log.js'
import type { Metrics } from '../metrics/registry.js'
import { addressOf } from '../redis/address-of.js'
import type { Bus } from './bus.js'
import { createMemoryBus } from './memory-bus.js'
import { createRedisBus } from './redis-bus.js'

/** The bus that the variables ask for: over Redis where REDIS_URL names one, else within this process. */
export const createBus = (
  config: ConfigOf<typeof redisVariables>,
  { log, metrics }: { readonly log: Logger; readonly metrics: Metrics },
): Bus => {
  const onError = (error: unknown) => log.error({ err: error }, 'a hint was not handled')
  const address = addressOf(config)
  return address ? createRedisBus({ ...address, log, metrics, onError }) : createMemoryBus(onError)
}
