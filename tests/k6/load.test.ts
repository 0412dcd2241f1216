import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import type { TestServer } from '../support/server.js'
import { type ThinPerson, thinPerson } from '../support/thin.js'
import { runScenario } from './run-scenario.js'
import { hasK6, startServerUnderLoad } from './server-under-load.js'

describe.skipIf(!hasK6)(hasK6 ? 'load by k6' : 'load by k6: not run, k6 is not here', { timeout: 180_000 }, () => {
  let server: TestServer
  let observer: ThinPerson

  beforeAll(async () => {
    server = await startServerUnderLoad()
    observer = await thinPerson(server.url)
  })
  afterAll(async () => {
    expect(await server.stop()).toBe(0)
  })

  /** The scenario passes, and leaves nobody behind. */
  const passes = async (name: string) => {
    const run = await runScenario(name, server.url)
    expect(run.crossed, run.said).toEqual([])
    expect(run.exitCode, run.said).toBe(0)
    expect(run.shown).toMatchObject({ scenario: name, target: server.url, passed: true })
    expect(run.page).toContain('All thresholds held')
    const isGone = async (query: string) =>
      expect((await observer.get(`/api/users/available?query=${query}`)).users).toEqual([])
    for (const query of ['load-', 'smoke-']) await vi.waitFor(() => isGone(query), { timeout: 30_000, interval: 200 })
    return run
  }

  test('smoke walks the whole way once', async () => {
    const run = await passes('smoke')
    expect(run.value('checks', 'passes')).toBeGreaterThan(15)
  })

  test('send-thin sends at its pace and every socket gets everything', async () => {
    const run = await passes('send-thin')
    expect(run.value('messages_sent', 'count')).toBe(16)
    expect(run.value('deliveries', 'count')).toBe(32)
  })

  test('send-e2e sends each sealed envelope once, and it is delivered', async () => {
    const run = await passes('send-e2e')
    expect(run.value('messages_sent', 'count')).toBe(16)
    expect(run.value('deliveries', 'count')).toBe(16)
  })

  test('login logs in at its pace', async () => {
    const run = await passes('login')
    expect(run.value('logins', 'count')).toBeGreaterThanOrEqual(16)
  })

  test('fanout gives each message to each socket', async () => {
    const run = await passes('fanout')
    expect(run.value('deliveries', 'count')).toBe(32)
  })

  test('idle-sockets opens sockets that still answer in the end', async () => {
    const run = await passes('idle-sockets')
    expect(run.value('sockets_answered', 'count')).toBe(4)
  })

  test('reconnect-storm sees each socket come back to what it has missed', async () => {
    const run = await passes('reconnect-storm')
    expect(run.value('sockets_caught_up', 'count')).toBe(4)
    expect(run.value('messages_sent', 'count')).toBeGreaterThan(10)
  })

  test('soak talks, opens sockets anew and lets other people come and go', async () => {
    const run = await passes('soak')
    expect(run.value('messages_sent', 'count')).toBe(16)
    expect(run.value('sockets_opened', 'count')).toBeGreaterThan(4)
    expect(run.value('tours_done', 'count')).toBeGreaterThanOrEqual(2)
  })
})
