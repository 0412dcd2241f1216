import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { scenarios } from '../../scripts/k6/scenarios.js'
import { freePort } from '../support/free-port.js'
import type { TestServer } from '../support/server.js'
import { type Fault, startFaultyProxy } from './faulty-proxy.js'
import { runScenario } from './run-scenario.js'
import { hasK6, startServerUnderLoad } from './server-under-load.js'

const title = hasK6 ? 'a broken server under load by k6' : 'a broken server under load by k6: not run, k6 is not here'

describe.skipIf(!hasK6)(title, { timeout: 180_000 }, () => {
  let server: TestServer

  beforeAll(async () => {
    server = await startServerUnderLoad()
  })
  afterAll(async () => {
    expect(await server.stop()).toBe(0)
  })

  /** The scenario ends with 99 and this threshold, where the server has this fault. */
  const crosses = async (name: string, fault: Fault, threshold: RegExp) => {
    const proxy = await startFaultyProxy(server.url, fault)
    try {
      const run = await runScenario(name, server.url, proxy.url)
      expect(run.exitCode, run.said).toBe(99)
      expect(run.crossed.join('\n'), run.said).toMatch(threshold)
      expect(run.shown.passed).toBe(false)
      expect(run.page).toContain('A threshold was crossed')
    } finally {
      await proxy.close()
    }
  }

  test('smoke is red where sends fail, and where a socket gets nothing', async () => {
    await crosses('smoke', { refuse: { path: '/api/message/send', status: 500 } }, /^checks rate==1$/m)
    await crosses('smoke', { silentAfterMs: 200 }, /^messages_lost count==0$/m)
  })

  test('send-thin is red where a message never comes', () =>
    crosses('send-thin', { silentAfterMs: 1_000 }, /^messages_lost count==0$/m))

  test('send-e2e is red where a send is refused', () =>
    crosses(
      'send-e2e',
      { refuse: { path: '/api/message/send', status: 503, every: 5 } },
      /^messages_refused count==0$/m,
    ))

  test('login is red where it fails now and then', () =>
    crosses('login', { refuse: { path: '/api/login', status: 500, every: 4 } }, /^checks rate==1$/m))

  test('fanout is red where a socket is cut', () =>
    crosses('fanout', { cutAfterMs: 2_000 }, /^sockets_dropped count==0$/m))

  test('idle-sockets is red where sockets are not let in, and where they fall silent', async () => {
    await crosses('idle-sockets', { refuseSocketsFrom: 2 }, /^sockets_refused count==0$/m)
    await crosses('idle-sockets', { silentAfterMs: 2_000 }, /^sockets_answered count==4$/m)
  })

  test('reconnect-storm is red where a socket does not come back', () =>
    crosses('reconnect-storm', { refuseSocketsFrom: 8 }, /^sockets_caught_up count==4$/m))

  test('soak is red where sends fail now and then', () =>
    crosses('soak', { refuse: { path: '/api/message/send', status: 500, every: 5 } }, /^messages_refused count==0$/m))

  test.each(Object.keys(scenarios))('%s is red where nobody answers', async name => {
    const run = await runScenario(name, server.url, `http://127.0.0.1:${await freePort()}`)
    expect(run.exitCode, run.said).toBe(99)
    expect(run.crossed, run.said).not.toEqual([])
  })
})
