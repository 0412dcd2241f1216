import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { findK6 } from '../../scripts/k6/find-k6.js'
import { createTestDatabase, type TestDatabase } from '../support/database.js'
import { startTestServer, type TestServer } from '../support/server.js'
import { type ThinPerson, thinPerson } from '../support/thin.js'
import { type Fault, startFaultyProxy } from './faulty-proxy.js'
import { runScenario } from './run-scenario.js'

const hasK6 = findK6() !== null
const title = hasK6 ? 'load by k6' : 'load by k6: not run, k6 is not here'

describe.skipIf(!hasK6)(title, { timeout: 180_000 }, () => {
  let database: TestDatabase
  let server: TestServer
  let observer: ThinPerson

  beforeAll(async () => {
    database = await createTestDatabase()
    server = await startTestServer({ DATABASE_URL: database.url, JWT_SECRET: 'a secret for the server that gets load' })
    observer = await thinPerson(server.url)
  })
  afterAll(async () => {
    expect(await server.stop()).toBe(0)
    await database.drop()
  })

  /** The scenario passes, and leaves nobody behind. */
  const passes = async (name: string) => {
    const run = await runScenario(name, server.url)
    expect(run.crossed, run.said).toEqual([])
    expect(run.exitCode, run.said).toBe(0)
    expect(run.shown).toMatchObject({ scenario: name, target: server.url, passed: true })
    expect(run.page).toContain('All thresholds held')
    expect((await observer.get('/api/users/available?query=load-')).users).toEqual([])
    return run
  }

  /** The same scenario ends with 99 and this threshold, where the server has this fault. */
  const crosses = async (name: string, fault: Fault, threshold: RegExp) => {
    const proxy = await startFaultyProxy(server.url, fault)
    try {
      const run = await runScenario(name, server.url, proxy.url)
      expect(run.exitCode, run.said).toBe(99)
      expect(run.crossed.join('\n'), run.said).toMatch(threshold)
      expect(run.page).toContain('A threshold was crossed')
    } finally {
      await proxy.close()
    }
  }

  test('smoke walks the whole way once', async () => {
    const run = await passes('smoke')
    expect(run.value('checks', 'passes')).toBeGreaterThan(15)
  })

  test('smoke is red where sends fail, and where a socket gets nothing', async () => {
    await crosses('smoke', { refuse: { path: '/api/message/send', status: 500 } }, /^checks rate==1$/m)
    await crosses('smoke', { silentAfterMs: 200 }, /^messages_lost count==0$/m)
  })

  test('send-thin sends at its pace and every socket gets everything', async () => {
    const run = await passes('send-thin')
    expect(run.value('messages_sent', 'count')).toBe(16)
    expect(run.value('deliveries', 'count')).toBe(32)
  })

  test('send-thin is red where a message never comes', () =>
    crosses('send-thin', { silentAfterMs: 1_000 }, /^messages_lost count==0$/m))

  test('send-e2e sends each sealed envelope once, and it is delivered', async () => {
    const run = await passes('send-e2e')
    expect(run.value('messages_sent', 'count')).toBe(16)
    expect(run.value('deliveries', 'count')).toBe(16)
  })

  test('send-e2e is red where a send is refused', () =>
    crosses(
      'send-e2e',
      { refuse: { path: '/api/message/send', status: 503, every: 5 } },
      /^messages_refused count==0$/m,
    ))

  test('login logs in at its pace', async () => {
    const run = await passes('login')
    expect(run.value('logins', 'count')).toBeGreaterThanOrEqual(16)
  })

  test('login is red where it fails now and then', () =>
    crosses('login', { refuse: { path: '/api/login', status: 500, every: 4 } }, /^checks rate==1$/m))
})
