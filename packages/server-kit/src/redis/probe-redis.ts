import type { redisVariables } from '../config/shared-variables.js'
import type { ConfigOf } from '../config/variables.js'
import { addressOf } from './address-of.js'
import { createRedisConnection, type RedisConnection } from './connections.js'

const limitKey = 'qsm:limit:doctor'
const onlineKey = 'qsm:online:doctor'
const channel = 'qsm:doctor'
const lifeMs = 10_000

/** Everything that the bus, presence and limits do, on keys of its own that expire. */
const commandsOf = (redis: RedisConnection): Readonly<Record<string, () => Promise<unknown>>> => ({
  set: () => redis.set(limitKey, 0, 'PX', lifeMs, 'NX'),
  incrby: () => redis.incrby(limitKey, 0),
  get: () => redis.get(limitKey),
  pttl: () => redis.pttl(limitKey),
  pexpire: () => redis.pexpire(limitKey, lifeMs),
  'multi and exec': () => redis.multi().get(limitKey).exec(),
  del: () => redis.del(limitKey),
  sadd: () => redis.sadd(onlineKey, 'doctor'),
  smembers: () => redis.smembers(onlineKey),
  srem: () => redis.srem(onlineKey, 'doctor'),
  spop: () => redis.spop(onlineKey, 1),
  ...('nodes' in redis
    ? { spublish: () => redis.spublish(channel, ''), ssubscribe: () => redis.ssubscribe(channel) }
    : { publish: () => redis.publish(channel, ''), subscribe: () => redis.subscribe(channel) }),
})

/**
 * Connects to the Redis of the variables and does once what pods do there. Resolves with the commands that its user may
 * not run, on the keys and channels of QSM; null where no Redis is named. Rejects with the first trouble of the connection.
 */
export const probeRedis = async (config: ConfigOf<typeof redisVariables>): Promise<readonly string[] | null> => {
  const address = addressOf(config)
  if (!address) return null
  const redis = createRedisConnection(address)
  let trouble: Error | null = null
  const troubled = new Promise<never>((_, reject) => {
    redis.on('error', error => {
      trouble ??= error
      reject(error)
    })
  })
  try {
    // Where no sentinel names a master, connect() tries on for ever.
    await Promise.race([redis.connect(), troubled])
    const refused: string[] = []
    for (const [name, run] of Object.entries(commandsOf(redis))) {
      await run().catch((error: Error) => {
        if (!/NOPERM/.test(error.message)) throw error
        refused.push(name)
      })
    }
    return refused
  } catch (error) {
    throw trouble ?? error
  } finally {
    redis.disconnect()
  }
}
