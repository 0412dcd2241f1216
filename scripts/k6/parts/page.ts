import { mainMetrics, type Shown, valuesText } from './shown.js'

const escaped = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;')

const row = (cells: readonly string[], kind = 'td'): string =>
  `<tr>${cells.map(cell => `<${kind}>${escaped(cell)}</${kind}>`).join('')}</tr>`

const table = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  `<table>${row(head, 'th')}${rows.map(cells => row(cells)).join('\n')}</table>`

const style =
  'body{font:16px/1.5 system-ui,sans-serif;max-width:72rem;margin:2rem auto;padding:0 1rem}' +
  'table{border-collapse:collapse;margin:1rem 0}th,td{border:1px solid #999;padding:.25rem .75rem;text-align:left}'

/** The result as a page that needs nothing else. */
export const pageOf = (shown: Shown): string => {
  const verdict = shown.passed ? 'All thresholds held' : 'A threshold was crossed'
  const thresholds = shown.thresholds.map(({ metric, limit, ok }) => [ok ? '✓ held' : '✗ crossed', metric, limit])
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>${escaped(shown.scenario)}: ${verdict}</title><style>${style}</style></head>
<body><h1>${escaped(shown.scenario)}</h1>
<p><strong>${verdict}.</strong> ${escaped(shown.target)}, ${shown.seconds} s, ended ${escaped(shown.endedAt)}</p>
<h2>Thresholds</h2>
${table(['', 'Metric', 'Threshold'], thresholds)}
<h2>Metrics</h2>
${table(
  ['Metric', 'Values'],
  mainMetrics(shown).map(metric => [metric.name, valuesText(metric)]),
)}
</body></html>
`
}
