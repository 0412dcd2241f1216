import { type ChildProcess, spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { hasRedis, startRedis, type TestRedis } from '../../../tests/support/redis.js'
import { withRightsOfManual } from '../../../tests/support/redis-rights.js'
import { silentLog } from '../../../tests/support/silent-log.js'
import { newId, type Presence } from '../src/index.js'
import { createLifeRoll } from '../src/presence/life-roll.js'
import { createRedisPresence } from '../src/presence/redis-presence.js'
import { createRedisConnection } from '../src/redis/connections.js'

const patience = { timeout: 30_000, interval: 20 }
const lifeMs = 2_000
const program = fileURLToPath(new URL('fixtures/presence-pod.ts', import.meta.url))
const rollKey = 'qsm:online:pods'
const title = 'the users of a pod that was killed'

describe.skipIf(!hasRedis)(hasRedis ? title : `${title}: not run, no redis-server here`, { timeout: 90_000 }, () => {
  let redis: TestRedis
  let closing: (() => unknown)[]
  beforeEach(async () => {
    closing = []
    redis = await startRedis()
  })
  afterEach(async () => {
    for (const close of closing.reverse()) await close()
    await redis.close()
  })

  const roll = () => redis.command('SMEMBERS', rollKey).split('\n').filter(Boolean).sort()
  const isOnline = async (presence: Presence, userId: string) => (await presence.online([userId])).has(userId)
  const livesOf = (userId: string) => redis.command('SMEMBERS', `qsm:online:${userId}`).split('\n').filter(Boolean)

  /** A pod of this process, which is on the roll, and whom it has told of. */
  const pod = async ({ url = redis.url, cluster = false } = {}) => {
    const before = roll().length
    const told: string[] = []
    const presence = createRedisPresence({
      ...{ url, sentinels: [], sentinelName: '', cluster, log: silentLog },
      lifeMs,
    })
    closing.push(() => presence.close())
    presence.onChanged(async userIds => void told.push(...userIds))
    await vi.waitFor(() => expect(roll()).toHaveLength(before + 1), patience)
    return { presence, told }
  }
  /** A pod in a process of its own, which has entered the users in Redis. */
  const podProcess = async (users: readonly string[], kind = 'single') => {
    const before = roll()
    const args = ['--conditions=qsm-source', '--import', 'tsx', program, redis.url, kind, String(lifeMs), ...users]
    const child: ChildProcess = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
    closing.push(() => child.kill('SIGKILL'))
    const said: string[] = []
    child.stdout?.on('data', data => said.push(...String(data).trim().split('\n')))
    await vi.waitFor(() => expect(said).toContain('entered'), patience)
    // One question, whatever the number of users: asking holds up the pods of this process.
    const itsLife = () => roll().at(-1) ?? ''
    const count = () => Number(redis.command('SCARD', `qsm:online:of:${itsLife()}`))
    await vi.waitFor(() => expect([before.includes(itsLife()), count()]).toEqual([false, users.length + 1]), patience)
    return { child, life: itsLife(), told: () => said.filter(line => line !== 'entered') }
  }

  test.each(['single', 'cluster'])('are told of once, but for who is online elsewhere (%s)', async kind => {
    const cluster = kind === 'cluster'
    if (cluster) {
      await redis.close()
      redis = await startRedis('--cluster-enabled', 'yes', '--cluster-announce-ip', '127.0.0.1')
      redis.command('CLUSTER', 'ADDSLOTSRANGE', '0', '16383')
      await vi.waitFor(() => expect(redis.command('CLUSTER', 'INFO')).toContain('cluster_state:ok'), patience)
    }
    const url = withRightsOfManual(redis, { cluster })
    const [one, other] = [await pod({ url, cluster }), await pod({ url, cluster })]
    const [both, ...only] = Array.from({ length: 301 }, newId)
    await one.presence.enter(both ?? '')
    const killed = await podProcess([both ?? '', ...only], kind)
    expect(await isOnline(other.presence, only[0] ?? '')).toBe(true)
    killed.child.kill('SIGKILL')
    await vi.waitFor(() => expect([...one.told, ...other.told].sort()).toEqual([...only].sort()), patience)
    await vi.waitFor(() => expect(roll()).not.toContain(killed.life), patience)
    expect([...one.told, ...other.told]).toHaveLength(only.length)
    expect(await isOnline(other.presence, only[0] ?? '')).toBe(false)
    expect(await isOnline(other.presence, both ?? '')).toBe(true)
  })

  test('are told of again when it had only stood still', async () => {
    const watching = await pod()
    const [both, only] = [newId(), newId()]
    await watching.presence.enter(both)
    const frozen = await podProcess([both, only])
    frozen.child.kill('SIGSTOP')
    await vi.waitFor(() => expect(watching.told).toEqual([only]), patience)
    expect(await isOnline(watching.presence, only)).toBe(false)
    frozen.child.kill('SIGCONT')
    await vi.waitFor(() => expect(frozen.told()).toEqual([only]), patience)
    expect(await isOnline(watching.presence, only)).toBe(true)
    expect([watching.told, roll().length]).toEqual([[only], 2])
  })

  test('are told of by nobody where it was only connected anew, or stopped with none', async () => {
    const [one, other] = [await pod(), await pod()]
    const [stays, leaves] = [newId(), newId()]
    /** The users of the life on the roll that holds who stays, and that life. */
    const held = () => {
      const [life = ''] = livesOf(stays).filter(some => roll().includes(some))
      return [life, ...redis.command('SMEMBERS', `qsm:online:of:${life}`).split('\n').sort()]
    }
    await one.presence.enter(stays)
    await one.presence.enter(leaves)
    const [first = ''] = held()
    expect(held()).toEqual([first, ...[first, stays, leaves].sort()])
    await one.presence.leave(leaves)
    expect(held()).toEqual([first, ...[first, stays].sort()])
    const before = roll()
    redis.command('CLIENT', 'KILL', 'TYPE', 'normal')
    await vi.waitFor(() => expect(roll().filter(life => !before.includes(life))).toHaveLength(2), patience)
    await vi.waitFor(() => expect(roll()).toHaveLength(2), patience)
    const [life = ''] = held()
    expect(held()).toEqual([life, ...[life, stays].sort()])
    await one.presence.leave(stays)
    await one.presence.close()
    expect(roll()).toHaveLength(1)
    expect(redis.command('EXISTS', `qsm:online:of:${life}`)).toBe('0')
    expect([one.told, other.told]).toEqual([[], []])
  })

  test('are told of once also where it has stopped in order, but for who is back elsewhere', async () => {
    const [stopping, watching] = [await pod(), await pod()]
    const [gone, back] = [newId(), newId()]
    for (const userId of [gone, back]) await stopping.presence.enter(userId)
    await stopping.presence.close()
    expect(await isOnline(watching.presence, gone)).toBe(false)
    await watching.presence.enter(back)
    await vi.waitFor(() => expect(roll()).toHaveLength(1), patience)
    expect([stopping.told, watching.told]).toEqual([[], [gone]])
  })

  test('leave nothing in Redis that does not expire', async () => {
    const { presence } = await pod()
    await presence.enter(newId())
    await podProcess([newId()])
    await vi.waitFor(() => expect(roll()).toHaveLength(2), patience)
    const keys = redis.command('KEYS', '*').split('\n')
    expect(keys).toHaveLength(2 + 2 + 2 + 1)
    for (const key of keys) expect([key, Number(redis.command('PTTL', key)) > 0]).toEqual([key, true])
  })

  describe('by the roll', () => {
    const told: string[] = []
    const living = new Set<string>()
    let isHeard: boolean
    beforeEach(() => {
      told.length = 0
      living.clear()
      isHeard = true
    })
    const openRoll = async () => {
      const address = { url: redis.url, sentinels: [], sentinelName: '', cluster: false }
      const connection = createRedisConnection(address)
      closing.push(() => connection.disconnect())
      await connection.connect()
      return createLifeRoll(connection, {
        keptMs: 60_000,
        lives: async life => living.has(life),
        tell: async userIds => void told.push(...userIds),
        tells: () => isHeard,
      })
    }
    const enrol = async (life: string, userId: string) => {
      const its = await openRoll()
      await its.renew(life)
      await its.add(life, userId)
      return its
    }

    test('are not told of where it is back by the next beat', async () => {
      const mine = await openRoll()
      const its = await enrol('b', 'user')
      await mine.settle('a')
      living.add('b')
      await mine.settle('a')
      living.delete('b')
      await mine.settle('a')
      expect([told, await its.strike('b')]).toEqual([[], false])
    })

    test('are told of once also where pods settle at one time', async () => {
      const [one, other] = [await openRoll(), await openRoll()]
      const its = await enrol('b', 'user')
      const users = Array.from({ length: 600 }, newId)
      await Promise.all(users.map(userId => its.add('b', userId)))
      for (const _ of [1, 2]) await Promise.all([one.settle('a'), other.settle('a')])
      expect([...told].sort()).toEqual(['user', ...users].sort())
    })

    test('are told of by the pod before it in the round, whose life goes around the end', async () => {
      living.add('b').add('e')
      const [b, e] = [await enrol('b', 'of b'), await enrol('e', 'of e')]
      for (const life of ['a', 'c', 'd', 'f']) await enrol(life, `of ${life}`)
      for (const _ of [1, 2]) await e.settle('e')
      expect(told).toEqual(['of f', 'of a'])
      for (const _ of [1, 2]) await b.settle('b')
      expect(told).toEqual(['of f', 'of a', 'of c', 'of d'])
      expect([roll(), await b.strike('b'), await b.strike('f')]).toEqual([['b', 'e'], false, true])
    })

    test('stay for another pod where this one has nobody to tell any more', async () => {
      const [mine, other] = [await openRoll(), await openRoll()]
      await enrol('b', 'user')
      isHeard = false
      for (const _ of [1, 2]) await mine.settle('a')
      expect([told, roll()]).toEqual([[], ['b']])
      isHeard = true
      for (const _ of [1, 2]) await other.settle('c')
      expect([told, roll()]).toEqual([['user'], []])
    })
  })
})
