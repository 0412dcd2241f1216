import type { Clock } from '../clock.js'
import { newId } from '../ids.js'
import type { Logger } from '../log.js'
import { createRedisConnection, type RedisAddress } from '../redis/connections.js'
import type { Presence } from './presence.js'

export interface RedisPresenceOptions extends RedisAddress {
  readonly log: Logger
  readonly clock: Clock
  /** How long a pod that says nothing any more counts. 60 s where left out. */
  readonly lifeMs?: number
}

const defaultLifeMs = 60_000
const beatsInLife = 3
/** Users whom a pod says again in one write. */
const beatUsers = 250

/** One key for each user: the pods that hold sockets, each with the time until which it counts. */
const keyOf = (userId: string): string => `qsm:online:${userId}`

/**
 * Presence of several pods in Redis: sorted sets that expire. A pod says again three times in a life whom it holds; one that
 * was killed is forgotten after a life. While Redis is away each pod knows its own.
 */
export const createRedisPresence = ({
  log,
  clock,
  lifeMs = defaultLifeMs,
  ...address
}: RedisPresenceOptions): Presence => {
  const pod = newId()
  const redis = createRedisConnection(address, { packed: true })
  const own = new Set<string>()
  redis.on('error', error => log.debug({ err: error }, 'Redis'))
  redis.connect().catch(error => log.debug({ err: error }, 'Redis is not there yet'))
  const isReady = () => redis.status === 'ready'

  const say = (userId: string) =>
    Promise.all([redis.zadd(keyOf(userId), clock.now() + lifeMs, pod), redis.pexpire(keyOf(userId), lifeMs)])
  const isOnline = async (userId: string): Promise<boolean> => {
    if (own.has(userId) || !isReady()) return own.has(userId)
    try {
      return (await redis.zcount(keyOf(userId), clock.now(), '+inf')) > 0
    } catch {
      return false // Redis went away: what it knew is not worth an error.
    }
  }
  const beat = async () => {
    const users = [...own]
    for (let start = 0; start < users.length; start += beatUsers) {
      if (!isReady()) return
      // Who has gone meanwhile would be said to be here.
      const some = users.slice(start, start + beatUsers).filter(userId => own.has(userId))
      await Promise.all(some.map(say)).catch(error => log.debug({ err: error }, 'presence was not said again'))
    }
  }
  const beats = setInterval(() => void beat(), lifeMs / beatsInLife).unref()
  redis.on('ready', () => void beat())

  return {
    async enter(userId) {
      const before = await isOnline(userId)
      own.add(userId)
      if (isReady()) await say(userId).catch(error => log.debug({ err: error }, 'presence was not said'))
      return before
    },
    async leave(userId) {
      own.delete(userId)
      if (!isReady()) return
      await redis.zrem(keyOf(userId), pod).catch(error => log.debug({ err: error }, 'absence was not said'))
    },
    async online(userIds) {
      const found = await Promise.all(userIds.map(isOnline))
      return new Set(userIds.filter((_, index) => found[index]))
    },
    async close() {
      clearInterval(beats)
      if (isReady()) await Promise.allSettled([...own].map(userId => redis.zrem(keyOf(userId), pod)))
      redis.disconnect()
    },
  }
}
