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
  /** How long a user counts on a living pod without being said again. 24 h where left out. */
  readonly keptMs?: number
}

const defaultLifeMs = 60_000
const defaultKeptMs = 86_400_000
const beatsInLife = 3
const saidInKept = 3
/** Users whom a pod says in one write. */
const usersInWrite = 250

/** One key for each user: the pods that hold sockets, each with the time until which it counts while that pod lives. */
const keyOf = (userId: string): string => `qsm:online:${userId}`
/** One key for each pod, which is there while the pod lives. */
const lifeOf = (pod: string): string => `qsm:online:pod:${pod}`

/**
 * Presence of several pods in Redis. A pod says three times in a life that it lives, by two commands however many users it has;
 * one that was killed is forgotten after a life, and its users with it. While Redis is away each pod knows its own.
 */
export const createRedisPresence = ({
  log,
  clock,
  lifeMs = defaultLifeMs,
  keptMs = defaultKeptMs,
  ...address
}: RedisPresenceOptions): Presence => {
  const pod = newId()
  const redis = createRedisConnection(address, { packed: true })
  /** The users of this pod, each with when it was said; 0 where it was not. */
  const own = new Map<string, number>()
  /** Users who have left, and of whom Redis was not told yet. */
  const gone = new Set<string>()
  redis.on('error', error => log.debug({ err: error }, 'Redis'))
  redis.connect().catch(error => log.debug({ err: error }, 'Redis is not there yet'))
  const isReady = () => redis.status === 'ready'

  const say = async (userId: string): Promise<void> => {
    const now = clock.now()
    await Promise.all([redis.zadd(keyOf(userId), now + keptMs, pod), redis.pexpire(keyOf(userId), keptMs)])
    if (own.has(userId)) own.set(userId, now)
  }
  /** The other pods that say they hold sockets of the user, by whether they live. */
  const othersOf = async (userId: string): Promise<Map<string, boolean>> => {
    const holders = await redis.zrangebyscore(keyOf(userId), clock.now(), '+inf')
    const others = holders.filter(holder => holder !== pod)
    const lives = await Promise.all(others.map(other => redis.get(lifeOf(other))))
    return new Map(others.map((other, index) => [other, lives[index] !== null]))
  }
  const isOnline = async (userId: string): Promise<boolean> => {
    if (own.has(userId) || !isReady()) return own.has(userId)
    try {
      return [...(await othersOf(userId)).values()].includes(true)
    } catch {
      return false // Redis went away: what it knew is not worth an error.
    }
  }
  /** Says who was not said since that time: others forget them otherwise. */
  const sayAgain = async (saidBeforeMs: number): Promise<void> => {
    const users = [...own].filter(([, saidAtMs]) => saidAtMs < saidBeforeMs).map(([userId]) => userId)
    for (let start = 0; start < users.length && isReady(); start += usersInWrite) {
      // Who has gone meanwhile would be said to be here.
      const some = users.slice(start, start + usersInWrite).filter(userId => own.has(userId))
      await Promise.all(some.map(say))
    }
  }
  /** A user who has gone, and of whom that could not be said, would be online for as long as this pod lives. */
  const takeOut = async (userId: string): Promise<void> => {
    gone.add(userId)
    if (!isReady()) return
    await redis.zrem(keyOf(userId), pod)
    gone.delete(userId)
  }
  const beat = async (isNewConnection: boolean): Promise<void> => {
    if (!isReady()) return
    try {
      const [life] = await Promise.all([redis.get(lifeOf(pod)), redis.set(lifeOf(pod), '', 'PX', lifeMs)])
      await Promise.all([...gone].map(takeOut))
      // A Redis that was away or has lost this pod's life may have lost its users, and others take out those of a dead pod.
      const mayBeForgotten = isNewConnection || life === null
      await sayAgain(mayBeForgotten ? Number.POSITIVE_INFINITY : clock.now() - keptMs / saidInKept)
    } catch (error) {
      log.debug({ err: error }, 'presence was not said again')
    }
  }
  const beats = setInterval(() => void beat(false), lifeMs / beatsInLife).unref()
  redis.on('ready', () => void beat(true))

  return {
    async enter(userId) {
      const wasOwn = own.has(userId)
      own.set(userId, 0)
      gone.delete(userId)
      if (!isReady()) return wasOwn
      try {
        const others = await othersOf(userId)
        const dead = [...others].filter(([, lives]) => !lives).map(([other]) => other)
        if (dead.length > 0) await redis.zrem(keyOf(userId), ...dead)
        if (own.has(userId)) await say(userId)
        return wasOwn || dead.length < others.size
      } catch (error) {
        log.debug({ err: error }, 'presence was not said')
        return wasOwn
      }
    },
    async leave(userId) {
      own.delete(userId)
      await takeOut(userId).catch(error => log.debug({ err: error }, 'absence was not said'))
    },
    async online(userIds) {
      const found = await Promise.all(userIds.map(isOnline))
      return new Set(userIds.filter((_, index) => found[index]))
    },
    async close() {
      clearInterval(beats)
      if (isReady()) {
        const words = [
          redis.del(lifeOf(pod)),
          ...[...own.keys(), ...gone].map(userId => redis.zrem(keyOf(userId), pod)),
        ]
        await Promise.allSettled(words)
      }
      redis.disconnect()
    },
  }
}
