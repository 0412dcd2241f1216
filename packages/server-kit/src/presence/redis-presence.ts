import { newId } from '../ids.js'
import type { Logger } from '../log.js'
import { createRedisConnection, type RedisAddress } from '../redis/connections.js'
import { createLifeRoll } from './life-roll.js'
import type { Presence, TellChanged } from './presence.js'

export interface RedisPresenceOptions extends RedisAddress {
  readonly log: Logger
  /** How long a pod that says nothing any more counts. 60 s where left out. */
  readonly lifeMs?: number
  /** How long a user counts on a living pod without being said again. 30 min where left out. */
  readonly keptMs?: number
}

const defaultLifeMs = 60_000
const defaultKeptMs = 1_800_000
const beatsInLife = 3
const saidInKept = 3
/** Users whom a pod says or asks for in one write. */
const usersInWrite = 250

/** One set for each user: the lives of pods that hold sockets. */
const keyOf = (userId: string): string => `qsm:online:${userId}`
/** One key for each life of a pod, which is there while it lives. */
const lifeOf = (life: string): string => `qsm:online:pod:${life}`

/**
 * Presence of several pods in Redis. A pod says three times in a life that it lives, by as many commands however many users it has;
 * one that was killed is forgotten after a life, and its users with it. In doubt of what Redis knows (a new connection, a
 * command without an answer, a life that Redis has lost) the pod begins a new life and says all its users under that: what
 * stands under the old one is worth nothing then. While Redis is away each pod knows its own. Who was online only at a pod
 * that was killed is told of by another one, by the roll of lives.
 */
export const createRedisPresence = ({
  log,
  lifeMs = defaultLifeMs,
  keptMs = defaultKeptMs,
  ...address
}: RedisPresenceOptions): Presence => {
  const redis = createRedisConnection(address, { packed: true })
  /** The users of this pod, each with when Redis confirmed it, by the clock of the process; null where it did not. */
  const own = new Map<string, number | null>()
  let life = newId()
  /** Lives of this pod that are still to be ended in Redis. */
  const ending = new Set<string>()
  let isInDoubt = true
  let tellChanged: TellChanged | null = null
  redis.on('error', error => log.debug({ err: error }, 'Redis'))
  redis.connect().catch(error => log.debug({ err: error }, 'Redis is not there yet'))
  const isReady = () => redis.status === 'ready'
  const lives = async (other: string): Promise<boolean> => (await redis.get(lifeOf(other))) !== null
  const roll = createLifeRoll(redis, {
    ...{ keptMs, lives },
    tell: userIds => tellBut(isOnline, userIds),
    tells: () => tellChanged !== null,
  })

  const say = async (userId: string): Promise<void> => {
    const [said, at] = [life, performance.now()]
    await Promise.all([
      redis.sadd(keyOf(userId), said),
      redis.pexpire(keyOf(userId), keptMs),
      ...(own.get(userId) === null ? [roll.add(said, userId)] : []),
    ])
    if (own.has(userId) && said === life) own.set(userId, at)
  }
  /** The other pods that say they hold sockets of the user, by whether they live. */
  const othersOf = async (userId: string): Promise<ReadonlyMap<string, boolean>> => {
    const holders = await redis.smembers(keyOf(userId))
    const others = holders.filter(holder => holder !== life)
    const living = await Promise.all(others.map(lives))
    return new Map(others.map((other, index) => [other, living[index] === true]))
  }
  const isElsewhere = async (userId: string): Promise<boolean> => {
    if (!isReady()) return false
    try {
      return [...(await othersOf(userId)).values()].includes(true)
    } catch {
      return false // Redis went away: what it knew is not worth an error.
    }
  }
  const isOnline = async (userId: string): Promise<boolean> => own.has(userId) || isElsewhere(userId)
  /** Tells of those of the users of whom `isUnchanged` is false. */
  const tellBut = async (
    isUnchanged: (userId: string) => Promise<boolean>,
    userIds: readonly string[],
  ): Promise<void> => {
    for (let start = 0; start < userIds.length; start += usersInWrite) {
      const some = userIds.slice(start, start + usersInWrite)
      const unchanged = await Promise.all(some.map(isUnchanged))
      await tellChanged?.(some.filter((_, index) => !unchanged[index]))
    }
  }
  /** Says who was not confirmed yet, or so long ago that Redis will forget it. What fails is due at the next beat as well. */
  const sayDue = async (): Promise<void> => {
    const before = performance.now() - keptMs / saidInKept
    const due = [...own].filter(([, at]) => at === null || at < before).map(([userId]) => userId)
    for (let start = 0; start < due.length && isReady(); start += usersInWrite) {
      // Who has gone meanwhile would be said to be here.
      const some = due.slice(start, start + usersInWrite).filter(userId => own.has(userId))
      for (const said of await Promise.allSettled(some.map(say))) {
        if (said.status === 'rejected') log.debug({ err: said.reason }, 'presence was not said')
      }
    }
  }
  /** The old life ends when all users were said under the new one, so that nobody seems gone meanwhile. */
  const beginLife = async (): Promise<void> => {
    ending.add(life)
    life = newId()
    isInDoubt = false
    for (const userId of own.keys()) own.set(userId, null)
    await redis.set(lifeOf(life), '', 'PX', lifeMs)
    await sayDue()
    const ended = [...ending]
    const told = await Promise.all(ended.map(old => roll.strike(old)))
    await Promise.all(ended.map(old => redis.del(lifeOf(old))))
    for (const old of ended) ending.delete(old)
    if (told.includes(true)) await tellBut(isElsewhere, [...own.keys()])
  }
  const beat = async (): Promise<void> => {
    if (!isReady()) return
    try {
      // Redis that has lost this life may have lost users as well, and other pods take out those of a life that is over.
      if (isInDoubt || (await redis.set(lifeOf(life), '', 'PX', lifeMs, 'XX')) === null) await beginLife()
      else await sayDue()
      if (tellChanged) await roll.renew(life)
    } catch (error) {
      log.debug({ err: error }, 'presence was not said again')
    }
  }
  const settle = async (): Promise<void> => {
    if (!tellChanged || !isReady()) return
    try {
      await roll.settle(life)
    } catch (error) {
      log.debug({ err: error }, 'lives that are over were not settled')
    }
  }
  const beats = setInterval(() => void beat().then(settle), lifeMs / beatsInLife).unref()
  redis.on('ready', () => {
    isInDoubt = true
    void beat()
  })

  return {
    async enter(userId) {
      const wasOwn = own.has(userId)
      own.set(userId, null)
      if (!isReady()) return wasOwn
      try {
        const others = await othersOf(userId)
        const dead = [...others].filter(([, lives]) => !lives).map(([other]) => other)
        if (dead.length > 0) await redis.srem(keyOf(userId), ...dead)
        if (own.has(userId)) await say(userId)
        return wasOwn || dead.length < others.size
      } catch (error) {
        log.debug({ err: error }, 'presence was not said')
        return wasOwn
      }
    },
    async leave(userId) {
      own.delete(userId)
      if (!isReady()) return // The next connection begins with another life.
      try {
        await Promise.all([redis.srem(keyOf(userId), life), roll.remove(life, userId)])
      } catch (error) {
        isInDoubt = true
        log.debug({ err: error }, 'absence was not said')
      }
    },
    async online(userIds) {
      const found = await Promise.all(userIds.map(isOnline))
      return new Set(userIds.filter((_, index) => found[index]))
    },
    onChanged(tell) {
      tellChanged = tell
      void beat()
      return () => {
        tellChanged = null
      }
    },
    async close() {
      clearInterval(beats)
      // Whose users have not left stays on the roll: who of them is back nowhere else is told of by another pod.
      if (isReady()) {
        await Promise.allSettled([redis.del(lifeOf(life)), ...(own.size === 0 ? [roll.strike(life)] : [])])
      }
      redis.disconnect()
    },
  }
}
