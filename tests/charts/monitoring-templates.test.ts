import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { findHelm } from '../../scripts/tools/helm.mjs'
import { rulesOfRelease } from './promtool.js'

const chart = new URL('../../charts/qsm/', import.meta.url)
const dashboards = new URL('files/dashboards/', chart)
const found = await findHelm()
const title = found.helm === null ? `the chart: not run, ${found.why}` : 'the chart'

const needed = [
  'publicUrl=https://qsm.example.org',
  'ingress.tls.terminatedElsewhere=true',
  'database.url=postgresql://db/qsm',
  'redis.url=redis://redis',
]
const all = ['serviceMonitor', 'prometheusRule', 'dashboards'].map(part => `metrics.${part}.enabled=true`)

/** Objects of the release `qsm` in the namespace `talk`, as YAML. */
const render = (values: readonly string[], more: readonly string[] = []): readonly string[] => {
  const sets = [...needed, ...values].flatMap(value => ['--set', value])
  const args = ['template', 'qsm', fileURLToPath(chart), '--namespace', 'talk', ...sets, ...more]
  const { status, stdout, stderr } = spawnSync(found.helm ?? '', args, { encoding: 'utf8', timeout: 60_000 })
  if (status !== 0) throw new Error(stderr)
  return stdout.split(/^---$/m)
}
const ofKind = (objects: readonly string[], kind: string): readonly string[] =>
  objects.filter(object => object.includes(`\nkind: ${kind}\n`))
const only = (objects: readonly string[], kind: string): string => {
  const found = ofKind(objects, kind)
  expect(found.length).toBe(1)
  return found[0] ?? ''
}
/** What stands below a line, without the indent. */
const below = (object: string, line: string, indent: number): string => {
  const text = object.slice(object.indexOf(line) + line.length)
  return text.replace(new RegExp(`^ {${indent}}`, 'gm'), '').trim()
}

describe.skipIf(!found.helm)(title, () => {
  test('brings nothing for Prometheus and Grafana unless it is told to', () => {
    const objects = render([]).join()
    expect(objects).not.toMatch(/kind: (?:ServiceMonitor|PrometheusRule)|grafana_dashboard/)
  })

  test('fills the names of the release into the alerts and leaves the templates of Prometheus as they are', () => {
    const rule = only(
      render([...all, 'metrics.prometheusRule.runbookBaseUrl=https://docs.example.org/runbooks/']),
      'PrometheusRule',
    )
    expect(below(rule, '\nspec:\n', 2)).toBe(rulesOfRelease().trim())
    expect(rule).toContain('Pod {{ $labels.pod }}')
  })

  test('adds alerts of the operator, and labels by which Prometheus finds them', () => {
    const own = '--set-json=metrics.prometheusRule.additionalAlerts=[{"alert":"Own","expr":"up == 0"}]'
    const rule = only(render([...all, 'metrics.prometheusRule.labels.release=prom'], [own]), 'PrometheusRule')
    expect(below(rule, '- name: qsm.additional\n', 6)).toBe('rules:\n  - alert: Own\n    expr: up == 0')
    expect(rule).toContain('\n    release: prom\n')
  })

  test('says which value is missing where runbooks have no address', () => {
    expect(() => render([...all, 'metrics.prometheusRule.runbookBaseUrl='])).toThrow(/runbookBaseUrl/)
  })

  test('puts each dashboard into a ConfigMap that the sidecar of Grafana finds, byte for byte', () => {
    const maps = ofKind(render(all), 'ConfigMap').filter(object => object.includes('grafana_dashboard: "1"'))
    const names = readdirSync(dashboards)
    expect(maps.length).toBe(names.length)
    for (const name of names) {
      const map = maps.find(object => object.includes(`\n  qsm-${name}: |\n`)) ?? ''
      expect(below(map, `\n  qsm-${name}: |\n`, 4)).toBe(readFileSync(new URL(name, dashboards), 'utf8').trim())
    }
  })

  test('has each service of this release scraped at its admin port', () => {
    const objects = render([...all, 'metrics.serviceMonitor.interval=15s'])
    const monitor = only(objects, 'ServiceMonitor')
    expect(monitor).toContain('matchNames:\n      - talk\n')
    expect(monitor).toContain('- port: admin\n      path: /metrics\n      interval: 15s')
    for (const service of ['auth', 'message', 'quantum-crypto']) {
      const found = ofKind(objects, 'Service').filter(object => object.includes(`\n  name: qsm-${service}\n`))
      expect(found.length).toBe(1)
      expect(found[0]).toMatch(/name: admin,? *(?:\n *)?port: 9464/)
      expect(found[0]).toContain(`app.kubernetes.io/component: ${service}\n`)
    }
  })
})
