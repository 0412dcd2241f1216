import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseAllDocuments } from 'yaml'
import { chart, command, namespace, type Proof, release, until } from './proof.js'

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

/** Scrapes the admin ports of the release as the ServiceMonitor says, and judges the chart's alerts. */
export const startPrometheus = async ({ folder }: Proof): Promise<Prometheus> => {
  const data = join(folder, 'prometheus')
  mkdirSync(data, { recursive: true })
  writeFileSync(join(data, 'rules.yml'), await ruleFileOf())
  const relabel = (source: string, target: string) => ({
    source_labels: [`__meta_kubernetes_${source}`],
    target_label: target,
  })
  const keep = (source: string, regex: string) => ({
    source_labels: [`__meta_kubernetes_${source}`],
    regex,
    action: 'keep',
  })
  const configuration = {
    global: { scrape_interval: '2s', evaluation_interval: '2s' },
    rule_files: [join(data, 'rules.yml')],
    scrape_configs: [
      {
        job_name: 'qsm',
        kubernetes_sd_configs: [
          { role: 'endpoints', kubeconfig_file: process.env.KUBECONFIG, namespaces: { names: [namespace] } },
        ],
        relabel_configs: [
          keep('service_label_app_kubernetes_io_instance', release),
          keep('endpoint_port_name', 'admin'),
          relabel('namespace', 'namespace'),
          relabel('service_name', 'service'),
          relabel('service_name', 'job'),
          relabel('pod_name', 'pod'),
        ],
      },
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
    { stdio: ['ignore', 'ignore', 'ignore'] },
  )
  const ended = new Promise<void>(resolve => child.once('exit', () => resolve()))
  const ask = async (path: string) => {
    const answer = await fetch(`http://127.0.0.1:${port}${path}`, { signal: AbortSignal.timeout(5_000) })
    return ((await answer.json()) as { data: unknown }).data
  }
  await until('Prometheus is ready', () =>
    fetch(`http://127.0.0.1:${port}/-/ready`).then(
      answer => answer.ok,
      () => false,
    ),
  )
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
    input: text.replace('PROMETHEUS_URL', `http://${nodeIp}:${port}`),
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
