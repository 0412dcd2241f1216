import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { placeholders } from '../../scripts/monitoring/select.js'
import type { Series } from './healthy-series.js'

/** What checks rules besides Node: it comes with the package `prometheus` of Debian. */
export const hasPromtool = !spawnSync('promtool', ['--version']).error

export interface PromtoolResult {
  readonly code: number | null
  readonly output: string
}

const rulesFile = new URL('../../charts/qsm/files/alerts.yaml', import.meta.url)

/** The rules of the release `qsm` in the namespace `talk`, as the chart fills them in. */
export const rulesOfRelease = (): string =>
  readFileSync(rulesFile, 'utf8')
    .replaceAll(placeholders.namespace, 'talk')
    .replaceAll(placeholders.fullname, 'qsm')
    .replaceAll(placeholders.runbooks, 'https://docs.example.org/runbooks')

const promtool = (files: Readonly<Record<string, string>>, args: readonly string[]): PromtoolResult => {
  const folder = mkdtempSync(join(tmpdir(), 'qsm-promtool-'))
  try {
    for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text)
    const { status, stdout, stderr } = spawnSync('promtool', args, { cwd: folder, encoding: 'utf8', timeout: 60_000 })
    return { code: status, output: `${stdout}${stderr}` }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

export const checkRules = (): PromtoolResult =>
  promtool({ 'rules.yaml': rulesOfRelease() }, ['check', 'rules', 'rules.yaml'])

/** Plays series against the rules; `alerts` are all that fire 40 minutes later, and at `soon` none of them does. */
export const playRules = (series: Series, alerts: readonly string[], soon?: string): PromtoolResult => {
  const firing = 'group by (alertname) (ALERTS{alertstate="firing"})'
  const expected = `group by (alertname) (ALERTS{alertname=~"${alerts.join('|')}"})`
  const samples = alerts.map(alert => ({ labels: `{alertname="${alert}"}`, value: 1 }))
  const test = {
    rule_files: ['rules.yaml'],
    evaluation_interval: '30s',
    tests: [
      {
        interval: '30s',
        input_series: Object.entries(series).map(([selector, values]) => ({ series: selector, values })),
        promql_expr_test: [
          { expr: firing, eval_time: '40m', exp_samples: samples },
          ...(soon ? [{ expr: `${firing} and ${expected}`, eval_time: soon, exp_samples: [] }] : []),
        ],
      },
    ],
  }
  return promtool({ 'rules.yaml': rulesOfRelease(), 'test.yaml': JSON.stringify(test) }, ['test', 'rules', 'test.yaml'])
}
