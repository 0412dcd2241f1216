import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseAllDocuments } from 'yaml'
import { chart, command, kubectl, namespace, type Proof, release, until } from './proof.js'
import { type Component, components } from './release.js'

/** Debian's Prometheus; the proof says by name where it is missing. */
export const hasPrometheus = !spawnSync('prometheus', ['--version']).error

export interface Prometheus {
  /** The value of the first series, or null where there is none. */
  query(expression: string): Promise<number | null>
  /** State of an alert: inactive, pending, firing. */
  alertState(name: string): Promise<string>
  stop(): Promise<void>
}

const port = 9090

/** The chart's alerts, as Prometheus reads them; `for` is cut to a few seconds, for a proof cannot wait so long. */
const ruleFileOf = async (): Promise<string> => {
  const rendered = await command('helm', [
    ...['template', release, chart, '--namespace', namespace, '--show-only', 'templates/prometheusrule.yaml'],
    ...['--set', 'publicUrl=https://qsm.example.org,ingress.tls.existingSecret=tls,database.existingSecret.name=db'],
    ...['--set', 'redis.url=redis://redis:6379,metrics.prometheusRule.enabled=true'],
  ])
  const rule = parseAllDocuments(rendered)
    .map(document => document.toJSON())
    .find(object => object?.kind === 'PrometheusRule')
  for (const group of rule.spec.groups) {
    group.interval = '2s'
    for (const entry of group.rules) if (entry.alert) entry.for = '4s'
  }
  return JSON.stringify(rule.spec)
}

/** The pods' admin ports, with the labels that a ServiceMonitor gives. Debian's Prometheus cannot ask Kubernetes itself. */
const targetsOf = async (): Promise<string> => {
  const { items } = JSON.parse(
    await kubectl('get', 'pods', '--selector', `app.kubernetes.io/instance=${release}`, '--output', 'json'),
  ) as { items: { metadata: { name: string; labels: Record<string, string> }; status: { podIP?: string } }[] }
  const targets = items.flatMap(({ metadata, status }) => {
    const component = metadata.labels['app.kubernetes.io/component'] as Component
    if (!status.podIP || !components.includes(component)) return []
    const service = `${release}-${component}`
    return [{ targets: [`${status.podIP}:9464`], labels: { namespace, service, job: service, pod: metadata.name } }]
  })
  return JSON.stringify(targets)
}

/** Scrapes the admin ports of the release as the ServiceMonitor says, and judges the chart's alerts. */
export const startPrometheus = async ({ folder }: Proof): Promise<Prometheus> => {
  const data = join(folder, 'prometheus')
  mkdirSync(data, { recursive: true })
  writeFileSync(join(data, 'rules.yml'), await ruleFileOf())
  const configuration = {
    global: { scrape_interval: '2s', evaluation_interval: '2s' },
    rule_files: [join(data, 'rules.yml')],
    scrape_configs: [
      { job_name: 'qsm', file_sd_configs: [{ files: [join(data, 'targets.json')], refresh_interval: '2s' }] },
    ],
  }
  writeFileSync(join(data, 'prometheus.yml'), JSON.stringify(configuration))
  const child: ChildProcess = spawn(
    'prometheus',
    [
      `--config.file=${join(data, 'prometheus.yml')}`,
      `--storage.tsdb.path=${join(data, 'tsdb')}`,
      `--web.listen-address=0.0.0.0:${port}`,
    ],
    { stdio: ['ignore', 'ignore', 'pipe'] },
  )
  let errors = ''
  child.stderr?.on('data', text => {
    errors += text
  })
  const ended = new Promise<void>(resolve => child.once('exit', () => resolve()))
  const target = join(data, 'targets.json')
  const follow = async () => {
    while (child.exitCode === null && child.signalCode === null) {
      const targets = await targetsOf().catch(() => null) // The API server may be away; the next turn asks again.
      if (targets) {
        writeFileSync(`${target}.new`, targets)
        renameSync(`${target}.new`, target)
      }
      await sleep(1_000)
    }
  }
  void follow()
  const ask = async (path: string) => {
    const answer = await fetch(`http://127.0.0.1:${port}${path}`, { signal: AbortSignal.timeout(5_000) })
    return ((await answer.json()) as { data: unknown }).data
  }
  await until('Prometheus is ready', async () => {
    if (child.exitCode !== null) throw new Error(`prometheus ended with ${child.exitCode}: ${errors.slice(-600)}`)
    return fetch(`http://127.0.0.1:${port}/-/ready`).then(
      answer => answer.ok,
      () => false,
    )
  })
  return {
    async query(expression) {
      const { result } = (await ask(`/api/v1/query?query=${encodeURIComponent(expression)}`)) as {
        result: { value: [number, string] }[]
      }
      return result[0] ? Number(result[0].value[1]) : null
    },
    async alertState(name) {
      const { groups } = (await ask('/api/v1/rules?type=alert')) as {
        groups: { rules: { name: string; state: string }[] }[]
      }
      const rule = groups.flatMap(group => group.rules).find(entry => entry.name === name)
      if (!rule) throw new Error(`there is no alert ${name}`)
      return rule.state
    },
    async stop() {
      child.kill('SIGTERM')
      await ended
    },
  }
}

/** The adapter that hands qsm_ws_connections to the HorizontalPodAutoscaler. `nodeIp` is where pods reach this process. */
export const installAdapter = async (nodeIp: string): Promise<void> => {
  const text = readFileSync(new URL('manifests/prometheus-adapter.yaml', import.meta.url), 'utf8')
  await command('kubectl', ['apply', '--filename', '-'], {
    input: text.replaceAll('PROMETHEUS_URL', `http://${nodeIp}:${port}`),
  })
  await command('kubectl', [
    '--namespace',
    'qsm-proof-metrics',
    'rollout',
    'status',
    'deployment/prometheus-adapter',
    '--timeout=120s',
  ])
}

export const removeAdapter = async (): Promise<void> => {
  await command(
    'kubectl',
    [
      'delete',
      '--ignore-not-found',
      '--filename',
      new URL('manifests/prometheus-adapter.yaml', import.meta.url).pathname,
    ],
    { mayFail: true },
  )
}
