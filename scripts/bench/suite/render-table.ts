import type { Bench } from './bench.js'
import { type Line, limit, qsm } from './judge.js'

/** A figure with three digits that count. */
export const figure = (value: number | null): string => {
  if (value === null) return '–'
  const rounded = Math.abs(value) >= 100 ? Math.round(value) : Number(value.toPrecision(3))
  return rounded.toLocaleString('en').replaceAll(',', ' ')
}

const verdict = ({ gate, met, low }: Line): string => {
  if (gate === null) return ''
  if (met === null) return `${figure(gate)}: not run`
  if (!met) return `${figure(gate)}: **missed**`
  return `${figure(gate)}: met${low !== null && low < gate ? ', its spread reaches below' : ''}`
}

/** The lines of one bench as a table in Markdown, and below it why something was not run or is void. */
export const renderTable = (
  bench: Bench,
  lines: readonly Line[],
  remarks: readonly { readonly name: string; readonly why: string }[],
): string => {
  const rows = lines.map(line => {
    const { metric, unit, contender, median, ratio, low, high } = line
    const isOwn = contender === qsm
    const name = contender === qsm ? 'QSM' : contender === limit ? 'goal' : contender
    const shown = isOwn || ratio === null ? '' : `${figure(ratio)} (${figure(low)} to ${figure(high)})`
    return `| ${metric}, ${unit} | ${name} | ${median === null ? 'not run' : figure(median)} | ${shown} | ${verdict(line)} |`
  })
  return [
    `### ${bench.id}. ${bench.title}`,
    '',
    bench.about,
    '',
    '| Metric | Contender | Median | QSM over it (95 %) | Gate |',
    '|---|---|---|---|---|',
    ...rows,
    ...(remarks.length === 0 ? [] : ['', ...remarks.map(({ name, why }) => `- ${name}: ${why}`)]),
    '',
  ].join('\n')
}
