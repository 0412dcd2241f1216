import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { drawRatios } from './draw-ratios.js'
import { renderTable } from './render-table.js'
import type { Result } from './run-bench.js'

const docs = fileURLToPath(new URL('../../../docs/', import.meta.url))

/** Puts the table and the plot of a bench between its two marks in docs/benchmarks.md. What is written around them stays. */
export const writeDocs = ({ bench, lines, remarks }: Result, machine: string): void => {
  const id = bench.id.toLowerCase()
  const [begin, end] = [`<!-- ${id}: written by npm run bench -- --write -->`, `<!-- /${id} -->`]
  const page = `${docs}benchmarks.md`
  const text = readFileSync(page, 'utf8')
  const [from, to] = [text.indexOf(begin), text.indexOf(end)]
  if (from < 0 || to < from) throw new Error(`docs/benchmarks.md has no place for ${bench.id}: "${begin}" and "${end}"`)
  const hasPlot = lines.some(({ contender, ratio }) => contender !== 'qsm' && ratio !== null)
  if (hasPlot) {
    mkdirSync(`${docs}benchmarks`, { recursive: true })
    writeFileSync(`${docs}benchmarks/${id}.svg`, drawRatios(`${bench.id}. ${bench.title}`, lines))
  }
  const plot = hasPlot ? `![QSM over each contender](benchmarks/${id}.svg)\n\n` : ''
  const part = `${begin}\n${renderTable(bench, lines, remarks)}\n${plot}${machine}\n`
  writeFileSync(page, `${text.slice(0, from)}${part}${text.slice(to)}`)
}
