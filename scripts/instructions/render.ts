import type { Judged } from './judge.js'

const grouped = (count: number | null): string => (count === null ? '–' : Math.round(count).toLocaleString('en'))
const percent = (change: number | null): string =>
  change === null ? '–' : `${change >= 0 ? '+' : ''}${(change * 100).toFixed(2)} %`

/** A line for each function: `function | baseline | now | change | verdict`. */
export const renderJudged = (judged: readonly Judged[]): string => {
  const rows = judged.map(({ name, baseline, now, change, verdict }) => [
    name.padEnd(14),
    grouped(baseline).padStart(11),
    grouped(now).padStart(11),
    percent(change).padStart(9),
    verdict,
  ])
  const head = ['function'.padEnd(14), 'baseline'.padStart(11), 'now'.padStart(11), 'change'.padStart(9), 'verdict']
  return [head, ...rows].map(row => row.join(' | ')).join('\n')
}
