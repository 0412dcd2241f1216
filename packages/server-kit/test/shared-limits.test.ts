import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { hasRedis, startRedis, type TestRedis } from '../../../tests/support/redis.js'
import { withRightsOfManual } from '../../../tests/support/redis-rights.js'
import { silentLog } from '../../../tests/support/silent-log.js'
import {
  createLimits,
  createMetrics,
  type Limits,
  QsmError,
  type RateLimit,
  readVariables,
  redisVariables,
  systemClock,
} from '../src/index.js'

const patience = { timeout: 20_000, interval: 20 }
const secret = 'the secret that all pods share'

/** How long the outcome took, and whether it was let through. Whatever is no refusal is thrown. */
const attempt = async (work: () => Promise<unknown>) => {
  const begun = performance.now()
  const passed = await work().then(
    () => true,
    (error: unknown) => {
      if (error instanceof QsmError && error.code === 'rate_limited') return false
      throw error
    },
  )
  return { passed, ms: performance.now() - begun }
}
const passedOf = async (limit: RateLimit, key: string, times: number): Promise<number> => {
  let passed = 0
  for (let time = 0; time < times; time += 1) if ((await attempt(() => limit.take(key))).passed) passed += 1
  return passed
}

const title = 'limits that pods share'
describe.skipIf(!hasRedis)(hasRedis ? title : `${title}: not run, no redis-server here`, () => {
  let redis: TestRedis
  const open: Limits[] = []
  const isShared = async (metrics: ReturnType<typeof createMetrics>) =>
    /^qsm_limits_shared 1$/m.test((await metrics.text()).body)
  const pod = async (podSecret = secret) => {
    const metrics = createMetrics()
    const config = readVariables(redisVariables, { REDIS_URL: `redis://qsm:secret@127.0.0.1:${redis.port}` })
    const limits = createLimits(config, podSecret, { log: silentLog, metrics, clock: systemClock })
    open.push(limits)
    const shared = (value: boolean) => vi.waitFor(async () => expect(await isShared(metrics)).toBe(value), patience)
    await shared(true)
    return { ...limits, shared }
  }
  beforeAll(async () => {
    redis = await startRedis()
  })
  beforeEach(() => {
    withRightsOfManual(redis)
    redis.command('FLUSHALL')
  })
  afterEach(() => {
    for (const limits of open.splice(0)) limits.close()
  })
  afterAll(() => redis.close())

  test('count what is taken of any pod, and tell each when to come back', async () => {
    const options = { name: 'register', points: 4, perSeconds: 60 }
    const [one, other] = [(await pod()).rateLimits(options), (await pod()).rateLimits(options)]
    const taken = await Promise.all(
      Array.from({ length: 10 }, (_, index) => attempt(() => (index % 2 ? one : other).take('alice'))),
    )
    expect(taken.filter(({ passed }) => passed)).toHaveLength(4)
    for (const limit of [one, other]) {
      const error = (await limit.take('alice').catch((thrown: unknown) => thrown)) as QsmError
      expect([error.code, error.retryAfterSeconds]).toEqual(['rate_limited', 60])
    }
    expect(await passedOf(other, 'bob', 6)).toBe(4)
  })

  test('may be each pod’s own, which Redis does not hear of', async () => {
    const options = { name: 'send', points: 3, perSeconds: 60, perPod: true }
    const [one, other] = [(await pod()).rateLimits(options), (await pod()).rateLimits(options)]
    expect([await passedOf(one, 'alice', 5), await passedOf(other, 'alice', 5)]).toEqual([3, 3])
    expect(redis.command('KEYS', '*send*')).toBe('')
  })

  test('leave nothing in Redis that names anybody, or that stays', async () => {
    const { rateLimits, failureWaits } = await pod()
    await rateLimits({ name: 'register', points: 1, perSeconds: 60 }).take('alice')
    const wait = failureWaits({ name: 'guess', freeFailures: 0 })
    await (await wait.add('alice')).takeBack()
    await wait.add('alice')
    const keys = redis.command('KEYS', '*').split('\n').sort()
    expect(keys).toEqual([
      expect.stringMatching(/^qsm:limit:guess:[\w-]{22}$/),
      expect.stringMatching(/^qsm:limit:register:[\w-]{22}$/),
    ])
    for (const key of keys) expect(Number(redis.command('PTTL', key))).toBeGreaterThan(0)
    await (await pod('another secret')).rateLimits({ name: 'register', points: 1, perSeconds: 60 }).take('alice')
    expect(redis.command('KEYS', 'qsm:limit:register:*').split('\n')).toHaveLength(2)
  })

  test('are half as much in each pod from the moment Redis is gone, without an error, and shared when it is back', async () => {
    const options = { name: 'a', points: 10, perSeconds: 600 }
    const pods = [await pod(), await pod()]
    const limits = pods.map(({ rateLimits }) => rateLimits(options)) as [RateLimit, RateLimit]
    await redis.kill()
    const begun = performance.now()
    const taken = await Promise.all(
      Array.from({ length: 40 }, (_, index) => attempt(() => (limits[index % 2] as RateLimit).take('alice'))),
    )
    expect(performance.now() - begun).toBeLessThan(2_000)
    expect(taken.filter(({ passed }) => passed)).toHaveLength(10)
    expect(await passedOf(limits[0], 'bob', 10)).toBe(5)
    await redis.restart()
    withRightsOfManual(redis)
    for (const { shared } of pods) await shared(true)
    expect((await passedOf(limits[0], 'carol', 6)) + (await passedOf(limits[1], 'carol', 6))).toBe(10)
  })

  test('let nobody wait for a Redis that stands still', async () => {
    const { rateLimits, failureWaits, shared } = await pod()
    const limit = rateLimits({ name: 'a', points: 100, perSeconds: 60 })
    const wait = failureWaits({ name: 'guess', freeFailures: 4 })
    redis.freeze()
    try {
      const first = await Promise.all([attempt(() => limit.take('alice')), attempt(() => wait.add('alice'))])
      for (const { ms } of first) expect(ms).toBeLessThan(1_500)
      for (let time = 0; time < 20; time += 1) {
        expect((await attempt(() => limit.take('alice'))).ms).toBeLessThan(200)
        await sleep(100)
      }
    } finally {
      redis.thaw()
    }
    await shared(true)
  })

  test('slow down failures on all pods alike, and forget them on all', async () => {
    const options = { name: 'guess', freeFailures: 5 }
    const [one, other] = [(await pod()).failureWaits(options), (await pod()).failureWaits(options)]
    for (let wrong = 0; wrong < 5; wrong += 1) {
      expect((await (wrong % 2 ? one : other).add('alice')).waitMs).toBeLessThanOrEqual(0)
    }
    for (const wait of [one, other]) {
      expect(await wait.waitMs('alice')).toBeGreaterThan(14_000)
      expect((await wait.add('alice')).waitMs).toBeGreaterThan(14_000)
      expect(await wait.waitMs('alice')).toBeLessThanOrEqual(15_000)
    }
    await other.forget('alice')
    expect(await one.waitMs('alice')).toBeLessThanOrEqual(0)
  })

  test('take a failure back with the wait that there was before it', async () => {
    const wait = (await pod()).failureWaits({ name: 'guess', freeFailures: 1 })
    await wait.add('net')
    await wait.forget('net')
    const [first, second] = [await wait.add('net'), await wait.add('other')]
    await first.takeBack()
    await second.takeBack()
    expect(redis.command('KEYS', 'qsm:limit:guess:*')).toBe('')
    const parallel = await Promise.all([wait.add('crowd'), wait.add('crowd'), wait.add('crowd')])
    expect(parallel.filter(({ waitMs }) => waitMs > 0)).toHaveLength(2)
    expect(await wait.waitMs('crowd')).toBeGreaterThan(14_000)
  })

  test('slow down what failed here already while Redis is gone, after half as many failures', async () => {
    const wait = (await pod()).failureWaits({ name: 'guess', freeFailures: 5 })
    for (let wrong = 0; wrong < 2; wrong += 1) await wait.add('alice')
    expect(await wait.waitMs('alice')).toBeLessThanOrEqual(0)
    await redis.kill()
    expect(await wait.waitMs('alice')).toBeGreaterThan(14_000)
    expect((await wait.add('bob')).waitMs).toBeLessThanOrEqual(0)
    await wait.forget('alice')
    expect(await wait.waitMs('alice')).toBeLessThanOrEqual(0)
    await redis.restart()
  })
})
