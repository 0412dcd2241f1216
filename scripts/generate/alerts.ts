import { runbookOf } from '../monitoring/alert.js'
import { alertGroups } from '../monitoring/alerts.js'
import { renderRules } from '../monitoring/render-rules.js'

const index = (): string => {
  const rows = alertGroups.flatMap(({ alerts }) =>
    alerts.map(
      alert => `| [${alert.name}](${runbookOf(alert)}) | ${alert.severity} | ${alert.for} | ${alert.description} |`,
    ),
  )
  return [
    '# What to do when an alert comes',
    '',
    'One page for each alert of the chart (`metrics.prometheusRule.enabled`). Commands are for a release that is named',
    '`qsm` in the namespace `qsm`. `npm run generate` writes this list.',
    '',
    '| Alert | Severity | After | What it means |',
    '|---|---|---|---|',
    ...rows,
    '',
  ].join('\n')
}

/** The rules that the chart installs, and the list of their runbooks. */
export const generate = async (): Promise<ReadonlyMap<string, string>> =>
  new Map([
    ['charts/qsm/files/alerts.yaml', renderRules(alertGroups)],
    ['docs/runbooks/README.md', index()],
  ])
