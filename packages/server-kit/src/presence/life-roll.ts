import type { RedisConnection } from '../redis/connections.js'

/** All lives whose users somebody has to be told of when they end. */
const rollKey = 'qsm:online:pods'
/** The users of a life, and the life itself, which keeps the set and its expiry there while it has none. */
const usersOf = (life: string): string => `qsm:online:of:${life}`
/** Is there where other pods have told that the users of a life are gone. */
const toldOf = (life: string): string => `qsm:online:told:${life}`
/** Users who are taken from a life that is over, and told of, at one time. */
const usersAtOnce = 250

/** One round from a life on: each that is over has then one living pod before it, and nobody else asks for it. */
const roundFrom = (lives: readonly string[], own: string): readonly string[] => [
  ...lives.filter(life => life > own).sort(),
  ...lives.filter(life => life < own).sort(),
]

export interface LifeRollOptions {
  /** How long Redis keeps what is not said again. */
  readonly keptMs: number
  lives(life: string): Promise<boolean>
  /** Tells of users of a life that is over, as far as nobody else has them. */
  tell(userIds: readonly string[]): Promise<void>
  /** Whether `tell` has somebody to tell it to. */
  tells(): boolean
}

export interface LifeRoll {
  add(life: string, userId: string): Promise<unknown>
  remove(life: string, userId: string): Promise<unknown>
  /** Puts a life on the roll, or keeps it there. */
  renew(life: string): Promise<unknown>
  /** Takes a life of this pod off. Resolves with whether another pod has told that its users are gone. */
  strike(life: string): Promise<boolean>
  /**
   * Looks at the lives that follow `own`, once in a beat. The users of one that was over the last time too are taken from it
   * and told of, each once, whichever pods do so together.
   */
  settle(own: string): Promise<void>
}

/**
 * The roll of pods that hold users, by which a pod that was killed is missed: nobody else could tell that its users are gone.
 * Redis that was away has lost all lives at once, so a pod has one beat to come back before the others believe it dead.
 */
export const createLifeRoll = (redis: RedisConnection, { keptMs, lives, tell, tells }: LifeRollOptions): LifeRoll => {
  let overBefore: readonly string[] = []

  const settleOne = async (life: string): Promise<void> => {
    // Said first: who comes back from standing still and does not find it has said its users before they are judged here.
    await redis.set(toldOf(life), '', 'PX', keptMs)
    while (tells()) {
      const taken = await redis.spop(usersOf(life), usersAtOnce)
      if (taken.length === 0) {
        await redis.srem(rollKey, life)
        return
      }
      await tell(taken.filter(userId => userId !== life))
    }
  }

  return {
    add: (life, userId) => redis.sadd(usersOf(life), userId),
    remove: (life, userId) => redis.srem(usersOf(life), userId),
    renew: life =>
      Promise.all([
        redis.sadd(rollKey, life),
        redis.pexpire(rollKey, keptMs),
        redis.sadd(usersOf(life), life),
        redis.pexpire(usersOf(life), keptMs),
      ]),
    async strike(life) {
      const done = [redis.get(toldOf(life)), redis.srem(rollKey, life), redis.del(usersOf(life))] as const
      const [told] = await Promise.all(done)
      return told !== null
    },
    async settle(own) {
      const over: string[] = []
      for (const life of roundFrom(await redis.smembers(rollKey), own)) {
        if (await lives(life)) break
        over.push(life)
      }
      const believed = over.filter(life => overBefore.includes(life))
      overBefore = over
      for (const life of believed) await settleOne(life)
    },
  }
}
