import type { Bench } from './bench.js'
import { type Line, limit, qsm } from './judge.js'
import type { Remark } from './run-bench.js'

/** A figure with three digits that count. */
export const figure = (value: number | null): string => {
  if (value === null) return '–'
  const rounded = Math.abs(value) >= 100 ? Math.round(value) : Number(value.toPrecision(3))
  return rounded.toLocaleString('en').replaceAll(',', ' ')
}

const verdict = ({ gate, met, low }: Line, missing: string): string => {
  if (gate === null) return ''
  if (met === null) return `${figure(gate)}: ${missing}`
  if (!met) return `${figure(gate)}: **missed**`
  return `${figure(gate)}: met${low !== null && low < gate ? ', its spread reaches below' : ''}`
}

/**
 * The lines of one bench as a table in Markdown, and below it why something was not run or is void. What ran without a figure is
 * "not measured".
 */
export const renderTable = (bench: Bench, lines: readonly Line[], remarks: readonly Remark[]): string => {
  const notRun = new Set(remarks.filter(({ isVoid }) => !isVoid).map(remark => remark.name))
  const rows = lines.map(line => {
    const { metric, unit, contender, median, ratio, low, high } = line
    const isOwn = contender === qsm
    const name = contender === qsm ? 'QSM' : contender === limit ? 'goal' : contender
    const shown = isOwn || ratio === null ? '' : `${figure(ratio)} (${figure(low)} to ${figure(high)})`
    const missing = notRun.has(contender) ? 'not run' : 'not measured'
    return `| ${metric}, ${unit} | ${name} | ${median === null ? missing : figure(median)} | ${shown} | ${verdict(line, missing)} |`
  })
  return [
    `### ${bench.id}. ${bench.title}`,
    '',
    bench.about,
    '',
    '| Metric | Contender | Median | QSM over it (spread) | Gate |',
    '|---|---|---|---|---|',
    ...rows,
    ...(remarks.length === 0 ? [] : ['', ...remarks.map(({ name, why }) => `- ${name}: ${why}`)]),
    '',
  ].join('\n')
}
