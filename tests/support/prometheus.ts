import { spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort } from './free-port.js'

/** The package `prometheus` of Debian has it. What needs it says by name that it was not run. */
export const hasPrometheus = !spawnSync('prometheus', ['--version']).error

export interface ScrapedPod {
  readonly job: string
  readonly pod: string
  /** Host and port. */
  readonly address: string
}

export interface Prometheus {
  /** Series of an expression as it is now. Throws what Prometheus says against it. */
  query(expr: string): Promise<readonly { readonly metric: Readonly<Record<string, string>> }[]>
  /** Names of alerts whose condition holds, fired or not yet. */
  alerts(): Promise<readonly string[]>
  stop(): Promise<void>
}

/** A Prometheus that scrapes these pods each second, as a ServiceMonitor would have it do, under rules. */
export const startPrometheus = async (options: {
  readonly namespace: string
  readonly pods: readonly ScrapedPod[]
  readonly rules: string
}): Promise<Prometheus> => {
  const folder = mkdtempSync(join(tmpdir(), 'qsm-prometheus-'))
  const configuration = {
    global: { scrape_interval: '1s', scrape_timeout: '1s', evaluation_interval: '1s' },
    rule_files: ['rules.yaml'],
    scrape_configs: options.pods.map(({ job, pod, address }) => ({
      job_name: pod,
      static_configs: [{ targets: [address], labels: { job, pod, namespace: options.namespace } }],
    })),
  }
  writeFileSync(join(folder, 'rules.yaml'), options.rules)
  writeFileSync(join(folder, 'prometheus.yml'), JSON.stringify(configuration))
  const address = `127.0.0.1:${await freePort()}`
  const args = ['--config.file=prometheus.yml', '--storage.tsdb.path=data', `--web.listen-address=${address}`]
  const child = spawn('prometheus', args, { cwd: folder, stdio: ['ignore', 'ignore', 'pipe'] })
  let said = ''
  child.stderr.on('data', data => {
    said += data
  })
  const ended = new Promise<void>(resolve => child.once('exit', () => resolve()))
  const ask = async (path: string) => {
    const body = await (await fetch(`http://${address}/api/v1/${path}`)).json()
    if (body.status !== 'success') throw new Error(`${body.error}: ${decodeURIComponent(path)}`)
    return body.data
  }
  const stop = async () => {
    child.kill('SIGTERM')
    await ended
    rmSync(folder, { recursive: true, force: true })
  }
  const isReady = async () => (await fetch(`http://${address}/-/ready`).catch(() => null))?.ok ?? false
  while (!(await isReady())) {
    if (child.exitCode !== null) throw new Error(`prometheus ended with ${child.exitCode}:\n${said}`)
    await new Promise(resolve => setTimeout(resolve, 50))
  }
  return {
    query: async expr => (await ask(`query?query=${encodeURIComponent(expr)}`)).result,
    async alerts() {
      const { alerts } = await ask('alerts')
      return [
        ...new Set<string>(alerts.map(({ labels }: { labels: { alertname: string } }) => labels.alertname)),
      ].sort()
    },
    stop,
  }
}
