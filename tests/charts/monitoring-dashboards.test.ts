import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { alerts } from '../../scripts/monitoring/alerts.js'
import { isKnownMetric, ownMetrics } from './known-metrics.js'
import { seriesRead } from './promql.js'

interface Box {
  readonly x: number
  readonly y: number
  readonly w: number
  readonly h: number
}

interface PanelModel {
  readonly id: number
  readonly type: string
  readonly title: string
  readonly description: string
  readonly gridPos: Box
  readonly datasource: { readonly uid: string }
  readonly targets?: readonly { readonly expr: string; readonly legendFormat: string }[]
  readonly fieldConfig: { readonly defaults: { readonly unit: string } }
}

interface DashboardModel {
  readonly uid: string
  readonly title: string
  readonly panels: readonly PanelModel[]
  readonly templating: { readonly list: readonly { readonly name: string; readonly definition?: string }[] }
}

const root = new URL('../../', import.meta.url)
const folder = new URL('charts/qsm/files/dashboards/', root)
const dashboards = readdirSync(folder).map(
  name => JSON.parse(readFileSync(new URL(name, folder), 'utf8')) as DashboardModel,
)
const targetsOf = ({ panels }: DashboardModel) => panels.flatMap(({ targets = [] }) => targets)
const routes = ['openapi.json', 'openapi-quantum.json'].flatMap(name => {
  const { paths } = JSON.parse(readFileSync(new URL(`docs/reference/${name}`, root), 'utf8'))
  return Object.keys(paths)
})
const overlap = (a: Box, b: Box): boolean => a.x < b.x + b.w && b.x < a.x + a.w && a.y < b.y + b.h && b.y < a.y + a.h

test('no two dashboards have one identifier', () => {
  expect(new Set(dashboards.map(({ uid }) => uid)).size).toBe(dashboards.length)
})

describe.each(dashboards.map(dashboard => [dashboard.title, dashboard] as const))('%s', (_title, dashboard) => {
  const { panels } = dashboard
  const shown = panels.filter(({ type }) => type !== 'row')

  test('asks in the order of an operator', () => {
    const rows = panels.filter(({ type }) => type === 'row').map(({ title }) => title)
    expect(rows).toEqual(['Is it up?', 'Is it fast?', 'Is it full?', 'Is it losing?', 'Who is limiting?'])
  })

  test('lets the reader choose data source, namespace, job and pod, by series that there are', () => {
    const { list } = dashboard.templating
    expect(list.map(({ name }) => name)).toEqual(['datasource', 'namespace', 'job', 'pod'])
    for (const { definition } of list.slice(1)) {
      const selector = /^label_values\((.*), \w+\)$/.exec(definition ?? '')?.[1] ?? ''
      expect(seriesRead(selector).filter(series => !isKnownMetric(series))).toEqual([])
    }
  })

  test('has panels that are told apart, with a unit and a description each, on 24 columns, none over another', () => {
    expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length)
    for (const { title, description, datasource, fieldConfig, gridPos } of shown) {
      expect([title, description.length > 20, datasource.uid]).toEqual([title, true, '${datasource}'])
      expect(fieldConfig.defaults.unit).not.toBe('')
      expect(gridPos.x + gridPos.w).toBeLessThanOrEqual(24)
    }
    const pairs = panels.flatMap((one, index) => panels.slice(index + 1).map(other => [one, other] as const))
    const over = pairs.filter(([one, other]) => overlap(one.gridPos, other.gridPos))
    expect(over.map(([one, other]) => `${one.title} and ${other.title}`)).toEqual([])
  })

  test('reads by PromQL, and only series that there are, of the chosen pods', () => {
    for (const { expr } of targetsOf(dashboard)) {
      expect(seriesRead(expr).filter(series => !isKnownMetric(series))).toEqual([])
      const selectors = [...expr.matchAll(/\{([^}]*)\}/g)].map(([, matchers]) => matchers)
      for (const matchers of selectors) expect(matchers).toContain('namespace=~"$namespace"')
    }
  })

  test('names its lines by labels that its expressions keep, and chooses routes that there are', () => {
    for (const { expr, legendFormat } of targetsOf(dashboard)) {
      const kept = new Set([...expr.matchAll(/by \(([^)]*)\)/g)].flatMap(([, labels = '']) => labels.split(', ')))
      const named = [...legendFormat.matchAll(/\{\{(\w+)\}\}/g)].map(([, label]) => label ?? '')
      const known = expr.includes('by (') ? kept : new Set(['job', 'pod'])
      expect([expr, named.filter(label => !known.has(label))]).toEqual([expr, []])
      const chosen = [...expr.matchAll(/route="([^"]*)"/g)].map(([, route]) => route ?? '')
      expect(chosen.filter(route => !routes.includes(route))).toEqual([])
    }
  })
})

test('alerts read only series that there are', () => {
  for (const { name, expr } of alerts) {
    expect([name, seriesRead(expr).filter(series => !isKnownMetric(series))]).toEqual([name, []])
  }
})

test('each metric of QSM is shown by a dashboard or watched by an alert', () => {
  const read = [...dashboards.flatMap(targetsOf), ...alerts].flatMap(({ expr }) => seriesRead(expr))
  const unread = ownMetrics.filter(name => !read.some(series => series.replace(/_(?:bucket|count|sum)$/, '') === name))
  expect(unread).toEqual([])
})
