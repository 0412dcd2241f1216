import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import { hasRedis, startRedis, type TestRedis } from '../../../tests/support/redis.js'
import { withRightsOfManual } from '../../../tests/support/redis-rights.js'
import { silentLog } from '../../../tests/support/silent-log.js'
import { createMemoryPresence, newId, type Presence, systemClock } from '../src/index.js'
import { createRedisPresence } from '../src/presence/redis-presence.js'

const patience = { timeout: 20_000, interval: 20 }
const isOnline = async (presence: Presence, userId: string) => (await presence.online([userId])).has(userId)

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
  const pod = async (lifeMs = 60_000, url = redis.url) => {
    const presence = createRedisPresence({
      ...{ url, clock: systemClock, sentinels: [], sentinelName: '', cluster: false, log: silentLog },
      lifeMs,
    })
    open.push(presence)
    const probe = newId()
    await presence.enter(probe)
    await vi.waitFor(() => expect(redis.command('EXISTS', `qsm:online:${probe}`)).toBe('1'), patience)
    await presence.leave(probe)
    return presence
  }
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
    redis.command('ZADD', `qsm:online:${orphan}`, String(Date.now() + 900), 'a pod that is gone')
    expect([await isOnline(watching, user), await isOnline(watching, orphan)]).toEqual([true, true])
    await new Promise(resolve => setTimeout(resolve, 1_500))
    expect([await isOnline(watching, user), await isOnline(watching, orphan)]).toEqual([true, false])
    expect(Number(redis.command('PTTL', `qsm:online:${user}`))).toBeGreaterThan(0)
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
