import { parseArgs } from 'node:util'
import type { Bench } from './bench.js'

export const usage = `usage: npm run bench -- [B1 B8 …] [--rounds 3] [--json FILE] [--write] [--list]
  B1 B8 …      only these; without a name all of them. B7 and B14 bring B7P and B14P along, the same beside other systems
  --rounds N   rounds that count, 1 to 99; one more warms up (default 3; take 9 before a claim)
  --json FILE  one JSON object a line: bench, metric, unit, contender, median, ratio, low, high, gate, met
  --write      puts tables and plots into docs/benchmarks.md and docs/benchmarks/
  --list       names the benches
Other systems take part where BENCH_PEERS names their folder.`

export interface Options {
  readonly benches: readonly Bench[]
  readonly rounds: number
  readonly json: string | undefined
  readonly write: boolean
  readonly list: boolean
}

/** Reads the command line. Throws an Error whose message names what is wrong and what is possible. */
export const readOptions = (args: readonly string[], all: readonly Bench[]): Options => {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      rounds: { type: 'string', default: '3' },
      json: { type: 'string' },
      write: { type: 'boolean', default: false },
      list: { type: 'boolean', default: false },
    },
  })
  const rounds = Number(values.rounds)
  if (!Number.isInteger(rounds) || rounds < 1 || rounds > 99)
    throw new Error(`--rounds must be a whole number from 1 to 99, not "${values.rounds}"`)
  const names = positionals.map(name => name.toUpperCase())
  const isNamed = ({ id }: Bench, name: string) => id === name || id === `${name}P`
  const unknown = names.find(name => !all.some(bench => isNamed(bench, name)))
  if (unknown) throw new Error(`there is no bench "${unknown}"; there are ${all.map(({ id }) => id).join(' ')}`)
  const benches = names.length === 0 ? all : all.filter(bench => names.some(name => isNamed(bench, name)))
  return { benches, rounds, json: values.json, write: values.write, list: values.list }
}
