import { createLimits, createMetrics, readVariables, redisVariables, systemClock } from '@qsm/server-kit'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { hasRedis, startRedis, type TestRedis } from '../../../tests/support/redis.js'
import { silentLog } from '../../../tests/support/silent-log.js'
import { password, startAuth, type TestAuth } from './support/start-auth.js'

const title = 'wrong passwords at several pods'
describe.skipIf(!hasRedis)(hasRedis ? title : `${title}: not run, no redis-server here`, () => {
  let redis: TestRedis
  let pods: readonly TestAuth[]
  const closing: (() => unknown)[] = []
  const startPod = async () => {
    const metrics = createMetrics()
    const config = readVariables(redisVariables, { REDIS_URL: redis.url })
    const limits = createLimits(config, 'the secret of all pods', { log: silentLog, metrics, clock: systemClock })
    await vi.waitFor(async () => expect((await metrics.text()).body).toMatch(/^qsm_limits_shared 1$/m), 10_000)
    const auth = await startAuth(limits)
    closing.push(() => auth.close(), limits.close)
    return auth
  }
  beforeAll(async () => {
    redis = await startRedis()
    pods = [await startPod(), await startPod()]
  })
  afterAll(async () => {
    for (const close of closing) await close()
    await redis.close()
  })
  const guess = (username: string, index: number) =>
    (pods[index % 2] as TestAuth).tryLogin(username, 'a wrong password', `198.51.100.${index}`)

  test('are counted together', async () => {
    for (let wrong = 0; wrong < 5; wrong += 1) expect((await guess('alice', wrong)).status).toBe(401)
    for (const index of [5, 6]) {
      const { status, headers } = await guess('Alice', index)
      expect([status, headers.get('retry-after')]).toEqual([429, '15'])
    }
  })

  test('are 401 or 429 and soon answered while Redis goes, and fewer are free', async () => {
    const alice = await (pods[0] as TestAuth).person()
    const answers = []
    for (let wrong = 0; wrong < 12; wrong += 1) {
      if (wrong === 2) await redis.kill()
      const begun = performance.now()
      answers.push({ status: (await guess('bob', wrong)).status, ms: performance.now() - begun })
    }
    for (const { ms } of answers) expect(ms).toBeLessThan(2_000)
    expect(answers.map(({ status }) => status)).toEqual([401, 401, 401, 401, ...Array(8).fill(429)])
    expect((await (pods[0] as TestAuth).tryLogin(alice.username, password, '192.0.2.9')).status).toBe(200)
  })
})
