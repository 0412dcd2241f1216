import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import { hasRedis, startRedis, type TestRedis } from '../../../tests/support/redis.js'
import { withRightsOfManual } from '../../../tests/support/redis-rights.js'
import { silentLog } from '../../../tests/support/silent-log.js'
import { createMemoryPresence, newId, type Presence } from '../src/index.js'
import { createRedisPresence } from '../src/presence/redis-presence.js'

const patience = { timeout: 20_000, interval: 20 }
const isOnline = async (presence: Presence, userId: string) => (await presence.online([userId])).has(userId)

/** How many commands the server has run. */
const commands = (redis: TestRedis) =>
  Number(/total_commands_processed:(\d+)/.exec(redis.command('INFO', 'stats'))?.[1] ?? Number.NaN)

/** What presence does alike, wherever it is kept. `connect` gives two pods that know of each other. */
const suite = (connect: () => Promise<readonly [Presence, Presence]>) => {
  test('a user is online while any pod holds a socket, and says who was online before', async () => {
    const [one, other] = await connect()
    const [user, stranger] = [newId(), newId()]
    expect(await one.enter(user)).toBe(false)
    expect([await isOnline(one, user), await isOnline(other, user)]).toEqual([true, true])
    expect(await other.enter(user)).toBe(true)
    await one.leave(user)
    expect(await other.online([stranger, user])).toEqual(new Set([user]))
    await other.leave(user)
    expect([await isOnline(one, user), await isOnline(other, user)]).toEqual([false, false])
  })
}

describe('presence in one process', () => {
  suite(async () => {
    const presence = createMemoryPresence()
    return [presence, presence]
  })
})

describe.skipIf(!hasRedis)(hasRedis ? 'presence in Redis' : 'presence in Redis: not run, no redis-server here', () => {
  let redis: TestRedis
  const open: Presence[] = []
  const pod = async (lifeMs = 60_000, url = redis.url, keptMs = 86_400_000) => {
    const presence = createRedisPresence({
      ...{ url, sentinels: [], sentinelName: '', cluster: false, log: silentLog },
      lifeMs,
      keptMs,
    })
    open.push(presence)
    const probe = newId()
    await presence.enter(probe)
    await vi.waitFor(() => expect(redis.command('EXISTS', `qsm:online:${probe}`)).toBe('1'), patience)
    await presence.leave(probe)
    return presence
  }
  const enterTwo = async (presence: Presence) => {
    const users = [newId(), newId()] as const
    for (const user of users) await presence.enter(user)
    return users
  }
  /** Soon the one is online, and the other is not. */
  const expectOnly = (presence: Presence, here: string, gone: string) =>
    vi.waitFor(async () => expect(await presence.online([gone, here])).toEqual(new Set([here])), patience)
  beforeAll(async () => {
    redis = await startRedis()
  })
  afterEach(async () => {
    for (const presence of open.splice(0)) await presence.close()
  })
  afterAll(() => redis.close())

  suite(async () => [await pod(), await pod()])

  test('forgets the users of a pod that was killed, and keeps those of one that lives on', async () => {
    const [alive, watching] = [await pod(900), await pod(900)]
    const [user, orphan] = [newId(), newId()]
    await alive.enter(user)
    redis.command('SADD', `qsm:online:${orphan}`, 'killed')
    redis.command('SET', 'qsm:online:pod:killed', '', 'PX', '900')
    expect([await isOnline(watching, user), await isOnline(watching, orphan)]).toEqual([true, true])
    await new Promise(resolve => setTimeout(resolve, 1_500))
    expect([await isOnline(watching, user), await isOnline(watching, orphan)]).toEqual([true, false])
    expect(await watching.enter(orphan)).toBe(false)
    expect(redis.command('SMEMBERS', `qsm:online:${orphan}`)).not.toContain('killed')
  })

  test('says its life with seven commands at most, however many users it has', async () => {
    const one = await pod(900)
    one.onChanged(async () => {})
    const users = Array.from({ length: 300 }, newId)
    await Promise.all(users.map(user => one.enter(user)))
    await new Promise(resolve => setTimeout(resolve, 400))
    const before = commands(redis)
    await new Promise(resolve => setTimeout(resolve, 1_200))
    const beats = 1_200 / 300 + 1
    expect(commands(redis) - before).toBeLessThanOrEqual(7 * beats + 2)
    expect(commands(redis) - before).toBeGreaterThan(2)
  })

  test('says its users again before Redis forgets them', async () => {
    const [one, other] = [await pod(900, redis.url, 1_500), await pod(900)]
    const user = newId()
    await one.enter(user)
    await new Promise(resolve => setTimeout(resolve, 2_000))
    expect(await isOnline(other, user)).toBe(true)
  })

  test('says its users again when Redis has forgotten all without going away', async () => {
    const [one, other] = [await pod(900), await pod(900)]
    const user = newId()
    await one.enter(user)
    redis.command('FLUSHALL')
    expect(await isOnline(other, user)).toBe(false)
    await vi.waitFor(async () => expect(await isOnline(other, user)).toBe(true), patience)
  })

  test('says its users again over a new connection: the Redis there may lack what the last one was told', async () => {
    const [one, other] = [await pod(900), await pod(900)]
    const user = newId()
    await one.enter(user)
    redis.command('DEL', `qsm:online:${user}`)
    expect(await isOnline(other, user)).toBe(false)
    redis.command('CLIENT', 'KILL', 'TYPE', 'normal')
    await vi.waitFor(async () => expect(await isOnline(other, user)).toBe(true), patience)
  })

  test('takes out who left while Redis was away, though Redis still knows them', async () => {
    const [one, other] = [await pod(900), await pod(900)]
    const [user, stays] = await enterTwo(one)
    redis.command('CLIENT', 'KILL', 'TYPE', 'normal')
    await one.leave(user)
    await expectOnly(other, stays, user)
  })

  test('takes out who left, though a Redis that went back in time knows them again', async () => {
    const [one, other] = [await pod(), await pod()]
    const [user, stays] = await enterTwo(one)
    const life = redis.command('SMEMBERS', `qsm:online:${user}`)
    await one.leave(user)
    redis.command('SADD', `qsm:online:${user}`, life)
    expect(await isOnline(other, user)).toBe(true)
    redis.command('CLIENT', 'KILL', 'TYPE', 'normal')
    await expectOnly(other, stays, user)
  })

  test('takes out who left when Redis refused to hear it', async () => {
    const [one, other] = [await pod(900), await pod(900)]
    const [user, stays] = await enterTwo(one)
    redis.command('ACL', 'SETUSER', 'default', '-srem')
    await one.leave(user)
    redis.command('ACL', 'SETUSER', 'default', '+srem')
    expect(await isOnline(other, user)).toBe(true)
    await expectOnly(other, stays, user)
  })

  test('says again what a new connection could not say at once', async () => {
    const [one, other] = [await pod(900), await pod(900)]
    const user = newId()
    await one.enter(user)
    redis.command('FLUSHALL')
    redis.command('CLIENT', 'KILL', 'TYPE', 'normal')
    redis.command('CLIENT', 'PAUSE', '2500')
    await vi.waitFor(async () => expect(await isOnline(other, user)).toBe(true), patience)
  })

  test('needs no more than the rights that the manual names', async () => {
    const presence = await pod(60_000, withRightsOfManual(redis))
    const [user, other] = [newId(), await pod()]
    await presence.enter(user)
    expect(await isOnline(other, user)).toBe(true)
    await presence.leave(user)
    expect(await isOnline(other, user)).toBe(false)
  })

  test('takes its users out when the pod stops', async () => {
    const [leaving, watching] = [await pod(), await pod()]
    const user = newId()
    await leaving.enter(user)
    await leaving.close()
    expect(await isOnline(watching, user)).toBe(false)
  })

  test('knows its own while Redis is away, and says them again when it is back', async () => {
    const [one, other] = [await pod(), await pod()]
    const user = newId()
    await one.enter(user)
    await redis.kill()
    await vi.waitFor(async () => expect(await isOnline(other, user)).toBe(false), patience)
    expect([await isOnline(one, user), await one.enter(newId())]).toEqual([true, false])
    await redis.restart()
    await vi.waitFor(async () => expect(await isOnline(other, user)).toBe(true), patience)
  })
})
