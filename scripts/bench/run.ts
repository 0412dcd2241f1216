// npm run bench: the suite. Every bench runs QSM and its contenders in one run, in rounds that rotate. Asserts nothing.
import { appendFileSync, existsSync, writeFileSync } from 'node:fs'
import { cpus, loadavg, totalmem } from 'node:os'
import { fileURLToPath } from 'node:url'
import { benches } from './suite/benches.js'
import { type Options, readOptions, usage } from './suite/options.js'
import { renderTable } from './suite/render-table.js'
import { runBench } from './suite/run-bench.js'
import { writeDocs } from './suite/write-docs.js'

const say = (text: string) => console.error(text)

const read = (): Options => {
  try {
    return readOptions(process.argv.slice(2), benches)
  } catch (error) {
    say(`bench: ${error instanceof Error ? error.message : error}\n\n${usage}`)
    process.exit(2)
  }
}

const peersFolder = (): string | undefined => {
  const folder = process.env.BENCH_PEERS ?? fileURLToPath(new URL('../../../shared/peers', import.meta.url))
  return existsSync(`${folder}/peers`) ? folder : undefined
}

const options = read()
if (options.list) {
  for (const { id, title } of benches) console.log(`${id.padEnd(5)} ${title}`)
  process.exit(0)
}
if (options.json) writeFileSync(options.json, '') // Fails now rather than after an hour.
const stopping = new AbortController()
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stopping.abort())

const peers = peersFolder()
if (!peers) say('Other systems are not run: BENCH_PEERS names no folder that has them.')
const memoryGib = Math.round(totalmem() / 2 ** 30)
for (const [index, bench] of options.benches.entries()) {
  if (stopping.signal.aborted) break
  const load = loadavg()[0] ?? 0
  const begun = performance.now()
  say(`${bench.id} (${index + 1} of ${options.benches.length}): ${bench.title}`)
  if (load > 1) say(`  the machine is not quiet: load average ${load.toFixed(1)}`)
  try {
    const result = await runBench(bench, { rounds: options.rounds, say, peers, write: options.write }, stopping.signal)
    const machine = `${new Date().toISOString().slice(0, 10)}, ${options.rounds} rounds, ${cpus().length} × ${cpus()[0]?.model}, ${memoryGib} GiB, Node ${process.version}, load average before ${load.toFixed(1)}. \`npm run bench -- ${bench.id} --rounds ${options.rounds}\``
    console.log(`${renderTable(bench, result.lines, result.remarks)}\n${machine}\n`)
    if (options.json) appendFileSync(options.json, result.lines.map(line => `${JSON.stringify(line)}\n`).join(''))
    if (options.write) writeDocs(result, machine)
  } catch (error) {
    process.exitCode = 1
    say(`  ${bench.id} failed: ${error instanceof Error ? (error.stack ?? error.message) : error}`)
  }
  say(`  ${((performance.now() - begun) / 1_000).toFixed(0)} s`)
}
