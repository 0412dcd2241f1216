import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'
import { defaults } from '../../scripts/scaling/assumptions.js'
import { dayShape, lossMinute, lossMinutes, simulateDay } from '../../scripts/scaling/day.js'
import { readMeasured } from '../../scripts/scaling/measured.js'
import { wait99, waitProbability } from '../../scripts/scaling/queue.js'
import { sizeFor } from '../../scripts/scaling/size.js'

/** Draws by a fixed seed (mulberry32). */
const seeded = (seed: number) => () => {
  seed = (seed + 0x6d2b79f5) | 0
  let value = Math.imul(seed ^ (seed >>> 15), 1 | seed)
  value = (value + Math.imul(value ^ (value >>> 7), 61 | value)) ^ value
  return ((value ^ (value >>> 14)) >>> 0) / 2 ** 32
}

/** The waits of so many who come to `servers` servers at random, each served for a random time of mean 1. */
const serve = (servers: number, utilisation: number, count: number): readonly number[] => {
  const random = seeded(7)
  const exponential = (mean: number) => -mean * Math.log(1 - random())
  const freeAt = new Array<number>(servers).fill(0)
  let now = 0
  return Array.from({ length: count }, () => {
    now += exponential(1 / (servers * utilisation))
    const server = freeAt.indexOf(Math.min(...freeAt))
    const begins = Math.max(now, freeAt[server] ?? 0)
    freeAt[server] = begins + exponential(1)
    return begins - now
  })
}

describe('the queueing model', () => {
  it.each([
    [1, 0.5],
    [1, 0.9],
    [8, 0.8],
  ])('waits as %i servers do that are busy for %f of the time, one event after the other', (servers, utilisation) => {
    const waits = serve(servers, utilisation, 300_000).toSorted((a, b) => a - b)
    const share = waits.filter(wait => wait > 0).length / waits.length
    expect(share / waitProbability(servers, utilisation)).toBeCloseTo(1, 1)
    expect((waits[Math.floor(waits.length * 0.99)] ?? 0) / wait99(servers, utilisation, 1)).toBeCloseTo(1, 0)
  })

  it('waits for ever where more comes than can be done', () => {
    expect(wait99(4, 1, 1)).toBe(Number.POSITIVE_INFINITY)
  })
})

describe('a simulated day', () => {
  const measured = readMeasured()
  const size = sizeFor(defaults, measured)

  it('has the mean and the peak that are assumed', () => {
    const shape = dayShape(defaults.peakFactor)
    expect(shape.reduce((sum, value) => sum + value, 0) / shape.length).toBeCloseTo(1, 3)
    expect(Math.max(...shape)).toBeCloseTo(defaults.peakFactor, 3)
  })

  it('loads no part over its plan at the peak, and all the others when a zone is lost', () => {
    const usual = simulateDay(defaults, measured, size, false)
    const lost = simulateDay(defaults, measured, size, true)
    for (const { busy } of usual) for (const share of Object.values(busy)) expect(share).toBeLessThanOrEqual(0.51)
    const [before, first] = [lost[lossMinute - 1], lost[lossMinute]]
    expect(first?.busy.message).toBeGreaterThan((before?.busy.message ?? 1) * 1.4)
    expect(lost[lossMinute + lossMinutes]?.busy).toEqual(usual[lossMinute + lossMinutes]?.busy)
  })

  it('needs ten times the cores for ten times the users', () => {
    const large = sizeFor({ ...defaults, users: defaults.users * 10 }, measured)
    // Beside cores, WAL and data there are connections, of which small installations have some for each zone.
    for (const [index, { needed }] of size.primary.slice(0, 3).entries()) {
      expect((large.primary[index]?.needed ?? 0) / needed).toBeCloseTo(10, 0)
    }
    expect(large.redisFullAtUsers / size.redisFullAtUsers).toBeCloseTo(1, 5)
  })
})

describe('npm run scaling', () => {
  const run = (...args: readonly string[]) =>
    promisify(execFile)(process.execPath, [
      '--conditions=qsm-source',
      '--import',
      'tsx',
      'scripts/scaling/simulate.ts',
      ...args,
    ])

  it('prints how many of each part so many users need', async () => {
    const { stdout } = await run('--users', '1e8')
    expect(stdout).toMatch(/^100 000 000 users\n/)
    expect(stdout).toMatch(/^\| message pods \| [1-9][0-9 ]+ \|/m)
    expect(stdout).toMatch(/^\| PostgreSQL primaries \| [1-9][0-9 ]* \|/m)
  })

  it('refuses what is no number', async () => {
    await expect(run('--users', 'many')).rejects.toMatchObject({
      code: 2,
      stderr: expect.stringContaining('--users must be a number above 0, not "many"'),
    })
  })
})
