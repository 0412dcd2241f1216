import { createMemoryFailureWaits, createMemoryRateLimits, QsmError } from '@qsm/server-kit'
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { handClock } from '../../../packages/server-kit/test/support.js'
import { createGuessLimits } from '../src/passwords/guess-limits.js'
import type { HashThreads } from '../src/passwords/hash-threads.js'
import type { Answer } from './support/call.js'
import { password, startAuth, type TestAuth } from './support/start-auth.js'

const verify = vi.hoisted(() => vi.fn<HashThreads['verify']>())
vi.mock('../src/passwords/hash-threads.js', async importOriginal => {
  const real = await importOriginal<typeof import('../src/passwords/hash-threads.js')>()
  const startHashThreads: typeof real.startHashThreads = (...how) => {
    const threads = real.startHashThreads(...how)
    verify.mockImplementation(threads.verify)
    return { ...threads, verify }
  }
  return { ...real, startHashThreads }
})

let auth: TestAuth

beforeAll(async () => {
  auth = await startAuth()
})

afterAll(() => auth.close())

beforeEach(() => {
  auth.clock.advance(3_600_000)
  verify.mockClear()
})

const guess = (username: string, from?: string) => auth.tryLogin(username, 'a wrong password', from)

const expectWait = ({ status, headers, body }: Answer, seconds: number) => {
  expect([status, body.error.code, headers.get('retry-after')]).toEqual([429, 'rate_limited', String(seconds)])
  expect(body.error.message).toContain(`${seconds} s`)
}

describe('of one account', () => {
  test('five wrong passwords are free; then each further one doubles the wait, and the right one waits as well', async () => {
    const alice = await auth.person()
    for (let wrong = 0; wrong < 5; wrong += 1) expect((await guess(alice.username)).status).toBe(401)
    expectWait(await guess(alice.username), 15)
    expectWait(await auth.tryLogin(alice.username, password), 15)
    auth.clock.advance(14_000)
    expectWait(await guess(alice.username), 1)
    auth.clock.advance(1_000)
    expect((await guess(alice.username)).status).toBe(401)
    expectWait(await guess(alice.username), 30)
    expect(verify).toHaveBeenCalledTimes(6)
    auth.clock.advance(30_000)
    expect((await auth.tryLogin(alice.username, password)).status).toBe(200)
  })

  test('the right password makes five free again', async () => {
    const alice = await auth.person()
    for (let round = 0; round < 2; round += 1) {
      for (let wrong = 0; wrong < 4; wrong += 1) expect((await guess(alice.username)).status).toBe(401)
      expect((await auth.tryLogin(alice.username, password)).status).toBe(200)
    }
  })

  test('guesses count from whatever address they come, and in whatever case the name is written', async () => {
    const alice = await auth.person()
    for (let wrong = 0; wrong < 5; wrong += 1) {
      const username = wrong % 2 ? alice.username.toUpperCase() : alice.username
      expect((await guess(username, `203.0.113.${wrong}`)).status).toBe(401)
    }
    expectWait(await guess(alice.username, '203.0.113.77'), 15)
  })

  test('a name that nobody has waits just the same', async () => {
    for (let wrong = 0; wrong < 5; wrong += 1) expect((await guess('nobody-waits')).status).toBe(401)
    expectWait(await guess('nobody-waits'), 15)
  })

  test('many guesses at once get no more than guesses in turn', async () => {
    const alice = await auth.person()
    const answers = await Promise.all(Array.from({ length: 20 }, () => guess(alice.username)))
    const counts = [401, 429].map(status => answers.filter(answer => answer.status === status).length)
    expect(counts).toEqual([5, 15])
    expect(verify).toHaveBeenCalledTimes(5)
  })

  test('who is logged in stays so, and other accounts log in', async () => {
    const [alice, bob] = [await auth.person(), await auth.person()]
    for (let wrong = 0; wrong < 6; wrong += 1) await guess(alice.username)
    expect((await alice.call('GET', '/api/me')).status).toBe(200)
    expect((await auth.refresh(alice.refreshToken)).status).toBe(200)
    expect((await auth.tryLogin(bob.username, password)).status).toBe(200)
  })
})

describe('of one address', () => {
  /** Wrong passwords on accounts that differ, some at a time. */
  const exhaust = async (addressOf: (index: number) => string, count = 100, atOnce = 10) => {
    const real = verify.getMockImplementation()
    verify.mockResolvedValue(false) // What the hash costs is not what this is about.
    const statuses: number[] = []
    for (let begun = 0; begun < count; begun += atOnce) {
      const guesses = Array.from({ length: Math.min(atOnce, count - begun) }, (_, index) =>
        guess(`stuffed-${begun + index}`, addressOf(begun + index)),
      )
      statuses.push(...(await Promise.all(guesses)).map(({ status }) => status))
    }
    verify.mockReset()
    if (real) verify.mockImplementation(real)
    return statuses
  }

  test('a hundred wrong passwords over all accounts are free, then it waits, and other addresses do not', async () => {
    const alice = await auth.person()
    expect(new Set(await exhaust(() => '198.51.100.7'))).toEqual(new Set([401]))
    expectWait(await auth.tryLogin(alice.username, password, '198.51.100.7'), 15)
    expect((await auth.tryLogin(alice.username, password, '198.51.100.8')).status).toBe(200)
    auth.clock.advance(15_000)
    expect((await guess('one-more', '198.51.100.7')).status).toBe(401)
    expectWait(await guess('and-another', '198.51.100.7'), 30)
  })

  test('many at once get no more than a hundred', async () => {
    await exhaust(() => '198.51.100.9', 90)
    auth.clock.advance(60_000)
    const statuses = await exhaust(() => '198.51.100.9', 30, 30)
    expect(statuses.filter(status => status === 401)).toHaveLength(10)
    expect(statuses.filter(status => status === 429)).toHaveLength(20)
  })

  test('a network of IPv6 counts as one, whatever its last 64 bits', async () => {
    await exhaust(index => `2001:db8:0:1::${index.toString(16)}`)
    expectWait(await guess('from-the-same-net', '2001:db8:0:1:ffff::1'), 15)
    expect((await guess('from-another-net', '2001:db8:0:2::1')).status).toBe(401)
  })

  test('right passwords cost nothing, and one of them does not forgive the wrong ones on other accounts', async () => {
    const alice = await auth.person()
    await exhaust(() => '198.51.100.10', 99)
    for (let login = 0; login < 3; login += 1) {
      expect((await auth.tryLogin(alice.username, password, '198.51.100.10')).status).toBe(200)
    }
    expect((await guess('the-hundredth', '198.51.100.10')).status).toBe(401)
    expectWait(await auth.tryLogin(alice.username, password, '198.51.100.10'), 15)
  })
})

describe('the limits themselves', () => {
  /** Guesses wrongly as soon as it may, for so long. Returns the waits in seconds. */
  const guessFor = async (
    ms: number,
    limits = createGuessLimits(createMemoryFailureWaits(clock)),
  ): Promise<number[]> => {
    const end = clock.now() + ms
    const waits: number[] = []
    while (clock.now() < end) {
      try {
        await (await limits.guess('alice', '192.0.2.1')).begin()
        waits.push(0)
      } catch (error) {
        const seconds = (error as QsmError).retryAfterSeconds ?? Number.NaN
        waits[waits.length - 1] = seconds
        clock.advance(seconds * 1_000)
      }
    }
    return waits
  }
  let clock: ReturnType<typeof handClock>

  beforeEach(() => {
    clock = handClock()
  })

  test('let ten passwords of an account be tried in 15 minutes, then one in 15 minutes', async () => {
    expect(await guessFor(900_000)).toEqual([0, 0, 0, 0, 15, 30, 60, 120, 240, 480])
    clock = handClock()
    expect((await guessFor(4 * 3_600_000)).slice(10)).toEqual(Array(15).fill(900))
  })

  test('forget an account that was left alone for half an hour', async () => {
    const limits = createGuessLimits(createMemoryFailureWaits(clock))
    await guessFor(1_000, limits)
    clock.advance(30 * 60_000)
    for (let wrong = 0; wrong < 5; wrong += 1) await (await limits.guess('alice', '192.0.2.1')).begin()
    await expect(limits.guess('alice', '192.0.2.1')).rejects.toThrow(QsmError)
  })

  test('take a success back from the address alone, whatever was tried meanwhile', async () => {
    const limits = createGuessLimits(createMemoryFailureWaits(clock))
    const begin = async (name: string) => {
      const tried = await limits.guess(name, '192.0.2.1')
      await tried.begin()
      return tried
    }
    const first = await begin('alice')
    const others = await Promise.all(Array.from({ length: 98 }, (_, index) => begin(`other-${index}`)))
    await first.succeeded()
    for (const [index, other] of others.slice(0, 10).entries()) {
      await other.succeeded()
      await begin(`again-${index}`)
    }
    await begin('the-99th')
    await begin('the-100th')
    await expect(begin('the-101st')).rejects.toThrow(QsmError)
  })

  test('remember 100 000 names and let go of the one that was longest alone', async () => {
    const limits = createGuessLimits(createMemoryFailureWaits(clock))
    const address = (index: number) => `10.${index >> 16}.${(index >> 8) & 255}.${index & 255}`
    for (let wrong = 0; wrong < 5; wrong += 1) await (await limits.guess('alice', address(wrong))).begin()
    for (let index = 5; index < 100_004; index += 1)
      await (await limits.guess(`other-${index}`, address(index))).begin()
    await expect(limits.guess('alice', '192.0.2.1')).rejects.toThrow(QsmError)
    await (await limits.guess('one-too-many', '192.0.2.2')).begin()
    await expect(limits.guess('alice', '192.0.2.1')).resolves.toBeDefined()
  })
})

const limitedRoutes: readonly (readonly [name: string, path: string, body: object, by: 'address' | 'user'])[] = [
  ['register', '/api/register', { username: 'taken', email: 'a@b', password }, 'address'],
  ['refresh', '/api/token/refresh', { refresh_token: 'qsr_unknown' }, 'address'],
  ['password', '/api/password', { current_password: 'not mine', new_password: password }, 'user'],
]

test.each(limitedRoutes)('the limit of %s counts by %4$s and answers 429 with Retry-After', async (...row) => {
  const [name, path, body, by] = row
  const taken: string[] = []
  const memory = createMemoryRateLimits()
  const limited = await startAuth({
    rateLimits: options => {
      const limit = memory({ ...options, points: 2 })
      const take = (key: string) => {
        taken.push(`${options.name} ${key}`)
        return limit.take(key)
      }
      return { ...limit, take }
    },
  })
  try {
    const alice = await limited.person('taken')
    const send = () => limited.call('POST', path, { body, token: alice.token })
    for (const { status } of [await send(), await send()]) expect([401, 409]).toContain(status)
    const refused = await send()
    expect([refused.status, refused.body.error.code]).toEqual([429, 'rate_limited'])
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0)
    expect(taken).toEqual(Array(3).fill(`${name} ${by === 'user' ? alice.userId : '127.0.0.1'}`))
  } finally {
    await limited.close()
  }
})
