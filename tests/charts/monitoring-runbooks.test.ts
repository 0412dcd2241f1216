import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { runbookOf } from '../../scripts/monitoring/alert.js'
import { alerts } from '../../scripts/monitoring/alerts.js'
import { services } from '../../scripts/monitoring/select.js'
import { isKnownMetric } from './known-metrics.js'
import { seriesRead } from './promql.js'

const root = new URL('../../', import.meta.url)
const folder = new URL('docs/runbooks/', root)
const pages = readdirSync(folder).filter(name => name !== 'README.md')
const read = (page: string): string => readFileSync(new URL(page, folder), 'utf8')
const blocks = (text: string, language: string): string =>
  [...text.matchAll(new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\``, 'gms'))].map(([, code]) => code).join('\n')

const sources = ['packages/', 'services/'].flatMap(below =>
  readdirSync(new URL(below, root), { recursive: true, encoding: 'utf8' })
    .filter(path => /^[\w-]+\/src\/.*\.ts$/.test(path))
    .map(path => readFileSync(new URL(`${below}${path}`, root), 'utf8')),
)
const configuration = readFileSync(new URL('docs/reference/config.md', root), 'utf8')
const values = readFileSync(new URL('charts/qsm/values.yaml', root), 'utf8')

test('each alert has a runbook and each runbook an alert', () => {
  expect(pages.sort()).toEqual(alerts.map(runbookOf).sort())
})

describe.each(alerts.map(alert => [alert.name, read(runbookOf(alert))] as const))('the runbook of %s', (name, text) => {
  test('says what people notice, how to see it, why it happens, what to do and how to prevent it', () => {
    expect(text.split('\n')[0]).toBe(`# ${name}`)
    const headings = [...text.matchAll(/^## (.*)$/gm)].map(([, heading]) => heading)
    expect(headings).toEqual(['What people notice', 'Confirm', 'Likely causes', 'What to do', 'Prevent'])
    expect(blocks(text, 'promql')).not.toBe('')
    expect(blocks(text, 'sh')).toContain(' ')
  })

  test('asks Prometheus by PromQL, one line each, and names only metrics that there are', () => {
    const queries = blocks(text, 'promql').trim().split('\n')
    expect(queries.flatMap(seriesRead).filter(series => !isKnownMetric(series))).toEqual([])
    const named = [...text.matchAll(/\b(?:qsm|nodejs|process|kube)_[a-z0-9_]+/g)].map(([metric]) => metric)
    expect(named.filter(metric => !isKnownMetric(metric))).toEqual([])
  })

  test('names only services, variables, values of the chart and lines of the log that there are', () => {
    const commands = blocks(text, 'sh')
    const objects = [...commands.matchAll(/(?:deployment[ /]|svc\/|service-name=)qsm-([\w-]+)/g)].map(
      ([, service]) => service,
    )
    expect(objects.filter(service => !services.some(known => known === service))).toEqual([])
    const variables = [...text.matchAll(/`((?:MAX|QSM|QUANTUM|DATABASE|REDIS|TRUST|PASSWORD)_[A-Z_]+)[`=]/g)].map(
      ([, variable]) => variable,
    )
    expect(variables.filter(variable => !configuration.includes(`\`${variable}\``))).toEqual([])
    const keys = [...text.matchAll(/`((?:components|networkPolicy|metrics|migrations)\.[\w.]+)/g)].map(([, key]) =>
      key?.split('.').at(-1),
    )
    expect(keys.filter(key => !new RegExp(`^ *${key}:`, 'm').test(values))).toEqual([])
    const lines = [...commands.matchAll(/grep '([a-zA-Z][^']+)'/g)].map(([, line]) => line ?? '')
    expect(lines.filter(line => !sources.some(source => source.includes(line)))).toEqual([])
  })
})
