import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { services } from '../../scripts/monitoring/select.js'
import { findHelm } from '../../scripts/tools/helm.mjs'
import { base } from './cases.js'
import { rulesOfRelease } from './promtool.js'
import { type Fields, find, ofKind, type Rendered, render } from './rendered.js'

const dashboards = new URL('../../charts/qsm/files/dashboards/', import.meta.url)
const found = await findHelm()
const title = found.helm === null ? `the chart: not run, ${found.why}` : 'the chart'

/** The release `qsm` in the namespace `talk`, with all for Prometheus and Grafana that is not told otherwise. */
const renderWith = (told: Readonly<Record<string, Fields>> = {}): Promise<Rendered> => {
  const parts = ['serviceMonitor', 'prometheusRule', 'dashboards']
  const metrics = Object.fromEntries(parts.map(part => [part, { enabled: true, ...told[part] }]))
  return render(found.helm ?? '', { name: 'qsm', namespace: 'talk', values: JSON.stringify({ ...base, metrics }) })
}

describe.skipIf(!found.helm)(title, () => {
  test('brings nothing for Prometheus and Grafana unless it is told to', async () => {
    const { text } = await render(found.helm ?? '', { name: 'qsm', namespace: 'talk', values: JSON.stringify(base) })
    expect(text).not.toMatch(/kind: (?:ServiceMonitor|PrometheusRule)|grafana_dashboard/)
  })

  test('fills the names of the release into the alerts and leaves the templates of Prometheus as they are', async () => {
    const rendered = await renderWith({ prometheusRule: { runbookBaseUrl: 'https://docs.example.org/runbooks/' } })
    expect(find(rendered, 'PrometheusRule', 'qsm').spec).toEqual(parse(rulesOfRelease()))
    expect(rendered.text).toContain('Pod {{ $labels.pod }}')
  })

  test('adds alerts of the operator, and labels by which Prometheus finds them', async () => {
    const additionalAlerts = [{ alert: 'Own', expr: 'up == 0' }]
    const rendered = await renderWith({ prometheusRule: { additionalAlerts, labels: { release: 'prom' } } })
    const { spec, metadata } = find(rendered, 'PrometheusRule', 'qsm')
    expect(spec.groups.at(-1)).toEqual({ name: 'qsm.additional', rules: additionalAlerts })
    expect(metadata.labels).toMatchObject({ release: 'prom' })
  })

  test('says which value is missing where runbooks have no address', async () => {
    await expect(renderWith({ prometheusRule: { runbookBaseUrl: '' } })).rejects.toThrow(/runbookBaseUrl/)
  })

  test('puts each dashboard into a ConfigMap that the sidecar of Grafana finds, byte for byte', async () => {
    const maps = ofKind(await renderWith(), 'ConfigMap').filter(
      ({ metadata }) => metadata.labels?.grafana_dashboard === '1',
    )
    const shown = Object.assign({}, ...maps.map(({ data }) => data)) as Readonly<Record<string, string>>
    const files = readdirSync(dashboards).map(name => [name, readFileSync(new URL(name, dashboards), 'utf8')] as const)
    expect([maps.length, files.length]).toEqual([3, 3])
    expect(shown).toEqual(Object.fromEntries(files.map(([name, text]) => [`qsm-${name}`, text])))
  })

  test('has each service of this release scraped at its admin port', async () => {
    const rendered = await renderWith({ serviceMonitor: { interval: '15s' } })
    const { spec } = find(rendered, 'ServiceMonitor', 'qsm')
    expect(spec.namespaceSelector.matchNames).toEqual(['talk'])
    expect(spec.endpoints).toEqual([{ port: 'admin', path: '/metrics', interval: '15s' }])
    const [{ values }] = spec.selector.matchExpressions
    expect(values).toEqual(services)
    for (const service of services) {
      const { metadata, spec } = find(rendered, 'Service', `qsm-${service}`)
      expect(metadata.labels).toMatchObject({ 'app.kubernetes.io/component': service })
      expect(spec.ports).toContainEqual({ name: 'admin', port: 9464, targetPort: 'admin' })
    }
  })
})
