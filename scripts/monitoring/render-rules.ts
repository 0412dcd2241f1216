import { type Alert, type AlertGroup, runbookOf } from './alert.js'
import { placeholders } from './select.js'

const quoted = (text: string): string => JSON.stringify(text) // A string of JSON is one of YAML.

const rule = (alert: Alert): readonly string[] => [
  `      - alert: ${alert.name}`,
  '        expr: |-',
  ...alert.expr.split('\n').map(line => `          ${line}`),
  `        for: ${alert.for}`,
  '        labels:',
  `          severity: ${alert.severity}`,
  '        annotations:',
  `          summary: ${quoted(alert.summary)}`,
  `          description: ${quoted(alert.description)}`,
  `          runbook_url: ${quoted(`${placeholders.runbooks}/${runbookOf(alert)}`)}`,
]

const head = `# Made by "npm run generate" from scripts/monitoring. The chart puts in the names of the release.
groups:
`

/** Rules of Prometheus as YAML, with the placeholders of `select.ts`. */
export const renderRules = (groups: readonly AlertGroup[]): string =>
  `${head}${groups.flatMap(({ name, alerts }) => [`  - name: ${name}`, '    rules:', ...alerts.flatMap(rule)]).join('\n')}\n`
