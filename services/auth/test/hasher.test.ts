import { readdirSync, readFileSync } from 'node:fs'
import os from 'node:os'
import type { Worker } from 'node:worker_threads'
import { QsmError } from '@qsm/server-kit'
import { afterAll, afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { listeningLog } from '../../../packages/server-kit/test/support.js'
import { silentLog } from '../../../tests/support/silent-log.js'
import type { HashQueueLimits } from '../src/passwords/hash-queue.js'
import { startHashThreads } from '../src/passwords/hash-threads.js'
import { createPasswordHasher } from '../src/passwords/hasher.js'
import { newName, password, startAuth } from './support/start-auth.js'

// The real threads, behind a gate that a test may close.
const gate = { opened: Promise.resolve(), running: 0, most: 0 }
const gated =
  <A extends unknown[], R>(work: (...args: A) => Promise<R>) =>
  async (...args: A): Promise<R> => {
    gate.running += 1
    gate.most = Math.max(gate.most, gate.running)
    try {
      await gate.opened
      return await work(...args)
    } finally {
      gate.running -= 1
    }
  }
const real = startHashThreads(2, silentLog)
const threads = { hash: vi.fn(gated(real.hash)), verify: vi.fn(gated(real.verify)), close: async () => {} }
const createHasher = (limits: HashQueueLimits) => createPasswordHasher(limits, silentLog, threads)
afterAll(() => real.close())

const whom = { account: 'alice', address: '192.0.2.1' }
/** Nobody's share of the line is less than the line. */
const shares = { maxWaitingPerAccount: 100, maxWaitingPerAddress: 100 }

let open = () => {}

/** From here on nothing is hashed until `open` is called. */
const closeGate = () => {
  gate.opened = new Promise(resolve => {
    open = resolve
  })
}

beforeEach(() => {
  gate.opened = Promise.resolve()
  gate.most = 0
})

afterEach(() => open())

const refusal = async (work: Promise<unknown>): Promise<QsmError> => {
  const thrown = await work.then(
    () => null,
    (error: unknown) => error,
  )
  expect(thrown).toBeInstanceOf(QsmError)
  return thrown as QsmError
}

/** Of each thread of this process how much it yields to others (proc(5), field 19). */
const niceOfThreads = (): readonly number[] =>
  readdirSync('/proc/self/task').map(id => {
    const stat = readFileSync(`/proc/self/task/${id}/stat`, 'utf8')
    return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[16])
  })

describe('the password hasher', () => {
  test.skipIf(process.platform !== 'linux')('hashes in threads that yield to the event loop', async () => {
    const own = os.getPriority()
    const hasher = await createPasswordHasher({ maxConcurrent: 1, maxWaiting: 10, ...shares }, silentLog)
    try {
      expect(niceOfThreads().filter(nice => nice === own + 10).length).toBeGreaterThan(0)
    } finally {
      await hasher.close()
    }
  })

  test('outlives a thread that fails while it has nothing to do, says so, and hashes on', async () => {
    const { log, lines } = listeningLog()
    const started: Worker[] = []
    const note = (worker: Worker) => void started.push(worker)
    process.on('worker', note)
    const idle = startHashThreads(1, log)
    const hash = await idle.hash('a password')
    process.off('worker', note)
    started[0]?.emit('error', new Error('out of memory')) // Throws where nobody listens, which would end the process.
    expect(lines).toMatchObject([{ err: { message: 'out of memory' }, msg: 'a thread that hashes passwords failed' }])
    expect(await idle.verify(hash, 'a password')).toBe(true)
    await idle.close()
  })

  test('knows the password it hashed and no other, and never makes the same hash twice', async () => {
    const hasher = await createHasher({ maxConcurrent: 2, maxWaiting: 10, ...shares })
    const [first, second] = await Promise.all([hasher.hash('a password', whom), hasher.hash('a password', whom)])
    expect(first).not.toBe(second)
    expect(await hasher.verify(first, 'a password', whom)).toBe(true)
    expect(await hasher.verify(first, 'A password', whom)).toBe(false)
    expect(await hasher.verify(null, 'the password of nobody', whom)).toBe(false)
  })

  test('takes what it is told to run at once, keeps the rest in line in order, and refuses what the line cannot hold', async () => {
    const hasher = await createHasher({ maxConcurrent: 2, maxWaiting: 3, ...shares })
    threads.hash.mockClear()
    closeGate()
    const passwords = [0, 1, 2, 3, 4].map(index => `password ${index}`)
    const works = passwords.map(password => hasher.hash(password, whom))
    const refused = await refusal(hasher.hash('one too many', whom))
    expect([refused.code, refused.retryAfterSeconds]).toEqual(['unavailable', 2])
    expect((await refusal(hasher.verify(null, 'one too many', whom))).code).toBe('unavailable')
    open()
    await Promise.all(works)
    expect(gate.most).toBe(2)
    expect(threads.hash.mock.calls.map(([given]) => given)).toEqual(passwords)
    expect(await hasher.verify(null, 'there is room again', whom)).toBe(false)
  })

  test('begins a verification when its turn has come, and one that fails makes room for the next', async () => {
    const hasher = await createHasher({ maxConcurrent: 1, maxWaiting: 5, ...shares })
    closeGate()
    const first = hasher.hash('first', whom)
    const begun: string[] = []
    const second = refusal(
      hasher.verify(null, 'second', whom, () => {
        begun.push('second')
        throw new QsmError('rate_limited')
      }),
    )
    const third = hasher.verify('no hash at all', 'third', whom).catch(() => 'refused')
    const fourth = hasher.verify(null, 'fourth', whom, () => void begun.push('fourth'))
    await new Promise(setImmediate)
    expect(begun).toEqual([])
    open()
    await first
    expect((await second).code).toBe('rate_limited')
    expect(await third).toBe('refused')
    expect(await fourth).toBe(false)
    expect(begun).toEqual(['second', 'fourth'])
    expect(threads.verify.mock.calls.some(([, given]) => given === 'second')).toBe(false)
  })
})

test('while the line is full, logins and registrations get 503 with Retry-After, and all else is answered', async () => {
  const hasher = await createHasher({ maxConcurrent: 1, maxWaiting: 2, ...shares })
  const auth = await startAuth({ hasher })
  try {
    const alice = await auth.person()
    closeGate()
    // One works, two wait, so one of four is answered while the gate is closed.
    const logins = [1, 2, 3, 4].map(() => auth.tryLogin(newName(), 'a password'))
    for (const refused of [await Promise.race(logins), await auth.register()]) {
      const { status, headers, body } = refused
      expect([status, body.error.code, headers.get('retry-after')]).toEqual([503, 'unavailable', '2'])
      expect(body.error.message).toContain('try again')
    }
    expect((await alice.call('GET', '/api/me')).status).toBe(200)
    expect((await auth.refresh(alice.refreshToken)).status).toBe(200)
    open()
    expect((await Promise.all(logins)).map(({ status }) => status).sort()).toEqual([401, 401, 401, 503])
    expect((await auth.register()).status).toBe(201)
  } finally {
    open()
    await auth.close()
  }
})

test.each([
  ['account', 'mallory', (index: number) => `192.0.2.${index}`],
  ['address', null, () => '192.0.2.66'],
] as const)(
  'a flood of logins of one %s takes its share of the line, and others log in and register meanwhile',
  async (...row) => {
    const [whose, account, addressOf] = row
    const hasher = await createHasher({
      maxConcurrent: 1,
      maxWaiting: 8,
      maxWaitingPerAccount: whose === 'account' ? 4 : 8,
      maxWaitingPerAddress: whose === 'address' ? 4 : 8,
    })
    const auth = await startAuth({ hasher })
    try {
      const bob = await auth.person()
      closeGate()
      let refused = 0
      const flood = Array.from({ length: 15 }, async (_, index) => {
        const answer = await auth.tryLogin(account ?? newName(), 'a password', addressOf(index))
        if (answer.status === 429) refused += 1
        return answer
      })
      // One works and four wait.
      await vi.waitUntil(() => refused === 10, { timeout: 10_000 })
      const others = [auth.tryLogin(bob.username, password, '203.0.113.1'), auth.register()]
      await new Promise(setImmediate)
      open()
      expect((await Promise.all(others)).map(({ status }) => status)).toEqual([200, 201])
      const answers = await Promise.all(flood)
      expect(answers.filter(({ status }) => status === 429)).toHaveLength(10)
      for (const { status, body } of answers)
        if (status === 429) expect(body.error.message).toContain(`of this ${whose}`)
    } finally {
      open()
      await auth.close()
    }
  },
)
