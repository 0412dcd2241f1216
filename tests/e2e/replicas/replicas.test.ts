import { readFileSync } from 'node:fs'
import type { QsmClient } from '@qsm/client'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { nodeMetrics } from '../../charts/known-metrics.js'
import { hasReplicas, type Replicas, startReplicas } from '../../support/replicas.js'
import { createPeople, newName } from '../../support/sdk.js'

const names = ['postgres', 'redis', 'quantum-crypto', 'auth', 'message-1', 'message-2', 'balancer']
const patience = { timeout: 60_000, interval: 50 }
const title = hasReplicas ? 'QSM in replicas' : 'QSM in replicas: not run, redis-server or haproxy is not here'

describe.skipIf(!hasReplicas)(title, () => {
  let replicas: Replicas
  let alice: QsmClient
  let bob: QsmClient
  const people = createPeople(() => replicas.url)
  const texts: string[] = []
  const sent: string[] = []

  /** Sends one text, as often as it takes: under its id a message is stored once. */
  const say = async (text: string) => {
    sent.push(text)
    await alice.send(bob.username, text)
  }
  const allArrived = (timeout = 60_000) => vi.waitFor(() => expect(texts).toEqual(sent), { ...patience, timeout })

  beforeAll(async () => {
    replicas = await startReplicas()
    alice = await people.register(newName('alice'))
    bob = await people.register(newName('bob'))
    bob.on('request', request => request.accept())
    void (async () => {
      for await (const message of bob.messages()) texts.push(message.text ?? '')
    })()
    await alice.connect(bob.username)
  })
  afterAll(async () => {
    await people.closeAll()
    expect(await replicas.stop()).toBe(0)
    for (const line of replicas.lines) {
      for (const { pid } of line.services) expect(() => process.kill(pid, 0)).toThrow(/ESRCH/)
    }
  })

  test('says in its first line where the balancer is and what runs', () => {
    const [first] = replicas.lines
    expect(first?.services.map(({ name }) => name)).toEqual(names)
    expect(first?.balancer).toBe(first?.services.at(-1)?.url)
    expect(new Set(first?.services.map(({ pid }) => pid)).size).toBe(names.length)
  })

  test('is one QSM behind one address: whichever pod has a socket, what another pod stores comes to it at once', async () => {
    const pods = [replicas.service('message-1'), replicas.service('message-2')]
    for (const { url } of pods) {
      const health = await (await fetch(`${url}/api/health`)).json()
      expect(health).toMatchObject({ status: 'healthy', redis: 'ok', database: 'ok', quantum_service: 'ok' })
    }
    for (let count = 0; count < 10; count += 1) await say(`before ${count}`)
    await allArrived(8_000) // By polling it would take 10 s.
  })

  test('hints to the pod that has the socket, where that is another one', { timeout: 120_000 }, async () => {
    const pods = ['message-1', 'message-2']
    const sumOf = async (name: string) => {
      const found = await Promise.all(
        pods.map(async pod => new RegExp(`^${name} (\\d+)$`, 'm').exec(await replicas.metrics(pod))),
      )
      return found.map(match => Number(match?.[1]))
    }
    const receivers = [bob.username]
    while (Math.min(...(await sumOf('qsm_ws_connections'))) === 0) {
      const other = await people.register(newName('other'))
      other.on('request', request => request.accept())
      await alice.connect(other.username)
      receivers.push(other.username)
    }
    const received = async () => (await sumOf('qsm_bus_hints_received_total')).reduce((sum, count) => sum + count, 0)
    const before = await received()
    const each = 40
    for (let count = 0; count < each; count += 1) {
      await say(`across ${count}`)
      for (const other of receivers.slice(1)) await alice.send(other, `across ${count}`)
    }
    await allArrived()
    // At least one of them sits on another pod than Alice, and polling brings no hint.
    expect((await received()) - before).toBeGreaterThanOrEqual(each / 4)
  })

  test('brings requests and answers to open sockets by polling while Redis stands still', {
    timeout: 120_000,
  }, async () => {
    const pairs: (readonly [QsmClient, QsmClient])[] = []
    for (let pair = 0; pair < 3; pair += 1) {
      const [asks, answers] = [await people.register(newName('asks')), await people.register(newName('answers'))]
      answers.on('request', request => request.accept())
      pairs.push([asks, answers])
    }
    const { pid } = replicas.service('redis')
    process.kill(pid, 'SIGSTOP')
    try {
      await Promise.all(pairs.map(([asks, answers]) => asks.connect(answers.username)))
    } finally {
      process.kill(pid, 'SIGCONT')
    }
    await vi.waitFor(async () => {
      for (const name of ['message-1', 'message-2']) expect(await replicas.metrics(name)).toMatch(/^qsm_bus_up 1$/m)
    }, patience)
  })

  test('has exactly the metrics that docs/reference/metrics.md lists, each of the kind that it says', async () => {
    const manual = readFileSync(new URL('../../../docs/reference/metrics.md', import.meta.url), 'utf8')
    const listed = [...manual.matchAll(/^\| `(qsm_\w+)` \| (\w+) \|/gm)].map(([, name, kind]) => `${name} ${kind}`)
    const shown = new Set<string>()
    for (const pod of ['message-1', 'message-2', 'auth', 'quantum-crypto']) {
      const text = await replicas.metrics(pod)
      for (const [, name = '', kind] of text.matchAll(/^# TYPE (qsm_\w+) (\w+)$/gm)) {
        shown.add(`${name.replace(/^qsm_[a-z]+_database/, 'qsm_SCHEMA_database')} ${kind}`)
      }
    }
    expect([...shown].sort()).toEqual(listed.sort())
  })

  test('has on each pod the metrics of Node and the process that alerts, dashboards and runbooks look at', async () => {
    for (const pod of ['message-1', 'message-2', 'auth', 'quantum-crypto']) {
      const shown = new Map(
        [...(await replicas.metrics(pod)).matchAll(/^# TYPE (\w+) (\w+)$/gm)].map(([, name, kind]) => [name, kind]),
      )
      for (const [name, kind] of nodeMetrics) expect([pod, name, shown.get(name)]).toEqual([pod, name, kind])
    }
  })

  test('has the buckets between which a message counts as found by polling', async () => {
    const text = await replicas.metrics('message-1')
    for (const bound of ['1', '10']) expect(text).toContain(`qsm_message_backlog_age_seconds_bucket{le="${bound}"}`)
  })

  test.each(['message-1', 'message-2', 'auth', 'quantum-crypto', 'redis', 'postgres'])(
    'loses, doubles and disorders nothing while %s is killed, and starts it again',
    async name => {
      const lines = replicas.lines.length
      for (let count = 0; count < 5; count += 1) await say(`${name}, before ${count}`)
      const killed = replicas.kill(name)
      for (let count = 0; count < 10; count += 1) await say(`${name}, while ${count}`)
      await killed
      for (let count = 0; count < 5; count += 1) await say(`${name}, after ${count}`)
      await allArrived()
      expect(replicas.lines.length).toBeGreaterThan(lines)
    },
  )

  test('answers in the form of all errors where no pod is left, and never lets anybody in to what is between services', async () => {
    const internal = await fetch(`${replicas.url}/internal/account-events`)
    expect(internal.status).toBe(404)
    const killed = replicas.kill('auth')
    await vi.waitFor(async () => {
      const answer = await fetch(`${replicas.url}/api/me`)
      expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '1'])
      expect(await answer.json()).toMatchObject({ status_code: 503, error: { code: 'unavailable', retryable: true } })
    }, patience)
    await killed
    await vi.waitFor(async () => expect((await fetch(`${replicas.url}/api/me`)).status).toBe(401), patience)
  })
})
