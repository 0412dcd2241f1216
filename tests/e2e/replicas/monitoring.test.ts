import { readdirSync, readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { rulesOfRelease } from '../../charts/promtool.js'
import { hasPrometheus, type Prometheus, startPrometheus } from '../../support/prometheus.js'
import { hasReplicas, type Replicas, startReplicas } from '../../support/replicas.js'
import { createPeople, newName } from '../../support/sdk.js'
import { connectThin, thinPerson } from '../../support/thin.js'

const missing = [...(hasReplicas ? [] : ['redis-server or haproxy']), ...(hasPrometheus ? [] : ['prometheus'])]
const what = 'a Prometheus that scrapes QSM'
const title = missing.length === 0 ? what : `${what}: not run, ${missing.join(' and ')} is not here`
const names = ['auth', 'message-1', 'message-2', 'quantum-crypto']
const patience = { timeout: 45_000, interval: 500 }

const folder = new URL('../../../charts/qsm/files/dashboards/', import.meta.url)
const panels = readdirSync(folder).flatMap(name => {
  const { panels } = JSON.parse(readFileSync(new URL(name, folder), 'utf8'))
  return (panels as { title: string; targets?: { expr: string; legendFormat: string }[] }[]).flatMap(
    ({ title, targets = [] }) => targets.map(target => ({ ...target, title: `${name}: ${title}` })),
  )
})
const asChosen = (expr: string): string =>
  expr
    .replaceAll('$namespace', 'talk')
    .replaceAll(/\$(?:job|pod)/g, '.+')
    .replaceAll('$__rate_interval', '10s')

/** Panels of what did not happen here; a counter with labels begins with its first event. */
const ofTrouble = [
  ...['Starts', 'Failures by route', 'Rate limited requests', 'Refused sockets'],
  ...[
    'Dropped frames',
    'Refused envelopes',
    'Sockets told to close',
    'Closed sockets',
    'Messages that could not be opened',
  ],
  ...['Managed operations that failed', 'Stored keys that did not open', 'Refused logins', 'Refused requests'],
  ...['Rate limited at the quantum service', 'Refused as too busy', 'Failed requests'],
]

const ofSlowness = ['QsmEventLoopBlocked', 'QsmRequestsSlow']

describe.skipIf(missing.length > 0)(title, () => {
  let replicas: Replicas
  let prometheus: Prometheus
  let talk: NodeJS.Timeout
  const people = createPeople(() => replicas.url)

  beforeAll(async () => {
    replicas = await startReplicas()
    const pods = names.map(name => ({
      job: `qsm-${name.replace(/-\d$/, '')}`,
      pod: `qsm-${name}`,
      address: `127.0.0.1:${replicas.variable(name, 'ADMIN_PORT')}`,
    }))
    prometheus = await startPrometheus({ namespace: 'talk', pods, rules: rulesOfRelease() })
    const alice = await people.register(newName('alice'))
    const bob = await people.register(newName('bob'))
    bob.on('request', request => request.accept())
    await alice.connect(bob.username)
    const [carol, dave] = [await thinPerson(replicas.url), await thinPerson(replicas.url)]
    await connectThin(carol, dave)
    talk = setInterval(() => {
      void alice.send(bob.username, 'hello').catch(() => {})
      void carol.call('POST', '/api/message/send', { content: 'hello', recipient: dave.username }).catch(() => {})
      void dave.read().catch(() => {})
      void carol.call('POST', '/api/quantum/keygen', { user_id: carol.userId }).catch(() => {})
      void carol.login().catch(() => {})
    }, 500)
  })
  afterAll(async () => {
    clearInterval(talk)
    await prometheus?.stop()
    await people.closeAll()
    expect(await replicas.stop()).toBe(0)
  })

  test('has something to show in each panel of each dashboard, but for trouble that there is none of', async () => {
    // Asked as often as it takes until pods were scraped several times.
    await vi.waitFor(async () => {
      const empty: string[] = []
      for (const { title, expr } of panels) {
        if ((await prometheus.query(asChosen(expr))).length === 0) empty.push(title)
      }
      expect(empty.filter(shown => !ofTrouble.some(name => shown.endsWith(`: ${name}`)))).toEqual([])
    }, patience)
  })

  test('has the labels that name the lines of each panel', async () => {
    for (const { title, expr, legendFormat } of panels) {
      const named = [...legendFormat.matchAll(/\{\{(\w+)\}\}/g)].map(([, label]) => label ?? '')
      for (const { metric } of await prometheus.query(asChosen(expr))) {
        expect([title, named.filter(label => metric[label] === undefined)]).toEqual([title, []])
      }
    }
  })

  test('has no alert while all is well, unless the machine is slow', async () => {
    const others = (await prometheus.alerts()).filter(name => !ofSlowness.includes(name))
    expect(others).toEqual([])
  })

  test('has the alerts of a quantum pod that stands still, and none when it goes on', async () => {
    const { pid } = replicas.service('quantum-crypto')
    process.kill(pid, 'SIGSTOP')
    try {
      const expected = ['QsmPodDown', 'QsmQuantumServiceAway', 'QsmServiceDown']
      await vi.waitFor(
        async () => expect(await prometheus.alerts()).toEqual(expect.arrayContaining(expected)),
        patience,
      )
    } finally {
      process.kill(pid, 'SIGCONT')
    }
    await vi.waitFor(async () => {
      const left = await prometheus.alerts()
      expect(left.filter(name => /Pod|Quantum|Service/.test(name))).toEqual([])
    }, patience)
  })
})
