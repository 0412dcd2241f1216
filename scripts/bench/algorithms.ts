// npm run bench:algorithms: ML-KEM and Falcon of our WASM build beside the stock build, noble, the ML-KEM of Node (24.7 or
// newer) and, with BENCH_LIBOQS=FOLDER, a liboqs that was built there natively. Rounds that rotate; CPU time of this process, of the native
// program its own. Prints a table; asserts nothing.
import { loadPostQuantum } from '@qsm/wasm'
import { loadPostQuantum as loadNoble } from '@qsm/wasm/noble'
import { buildNative } from './algorithms/native.js'
import {
  nodeOperations,
  type OperationName,
  type Operations,
  operationNames,
  operationsOf,
} from './algorithms/operations.js'

const rounds = Number(process.env.BENCH_ROUNDS ?? 9)
/** CPU milliseconds of one contender in one round, or one operation where that takes longer. */
const budgetMs = 60
const say = (text: string) => console.error(text)
const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN

const cpuMs = (): number => {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1000
}

/** Microseconds of CPU for one call. The ports answer at once, so nothing is awaited. */
const measure = (run: () => unknown): number => {
  const begun = cpuMs()
  let [calls, spent, burst] = [0, 0, 1]
  while (spent < budgetMs) {
    for (let count = 0; count < burst; count += 1) run()
    calls += burst
    spent = cpuMs() - begun
    // The clock is looked at about ten times, since a look costs as much as a fast operation.
    burst = Math.max(1, Math.ceil(((budgetMs / 10) * calls) / Math.max(spent, 0.01)))
    burst = Math.min(burst, calls * 4)
  }
  return (spent * 1000) / calls
}

type Contender = { readonly name: string; readonly measure: (operation: OperationName) => number | null }
const fromOperations = (name: string, operations: Operations): Contender => ({
  name,
  measure(operation) {
    const run = operations[operation]
    return run ? measure(run) : null
  },
})

const stock = 'stock build'
const kept = await loadPostQuantum({ keepExpandedKeysMs: 60_000 })
const contenders: Contender[] = [
  fromOperations(stock, await operationsOf(await loadPostQuantum({ build: 'stock' }))),
  fromOperations('our build', await operationsOf(await loadPostQuantum())),
  fromOperations('our build, key kept', { 'falcon-sign': (await operationsOf(kept))['falcon-sign'] as () => unknown }),
  fromOperations('noble', await operationsOf(await loadNoble())),
]
const node = nodeOperations()
if (node) contenders.push(fromOperations(`Node ${process.versions.node}`, node))
else say(`not run: ML-KEM of Node, which ${process.version} does not have`)
const native = process.env.BENCH_LIBOQS ? buildNative(process.env.BENCH_LIBOQS) : null
if (native) {
  contenders.push({ name: 'liboqs, native', measure: operation => native.measure(operation, budgetMs) / 1000 })
} else say('not run: a native liboqs, which BENCH_LIBOQS does not name')

console.log(`| Operations per CPU second | ${contenders.map(({ name }) => name).join(' | ')} |`)
console.log(`|---|${contenders.map(() => '---|').join('')}`)
for (const operation of operationNames) {
  const times = contenders.map(() => [] as number[])
  // The first round warms up and is thrown away.
  for (let round = 0; round <= rounds; round += 1) {
    for (let turn = 0; turn < contenders.length; turn += 1) {
      const index = (turn + round) % contenders.length
      const microseconds = contenders[index]?.measure(operation) ?? null
      if (round > 0 && microseconds !== null) times[index]?.push(microseconds)
    }
  }
  const [baseline = []] = times
  const cells = times.map(own => {
    if (own.length === 0) return '–'
    const ratio = median(own.map((time, round) => (baseline[round] as number) / time))
    return `${Math.round(1e6 / median(own)).toLocaleString('en')} (${ratio.toFixed(ratio < 10 ? 2 : 1)} ×)`
  })
  console.log(`| ${operation} | ${cells.join(' | ')} |`)
}
native?.remove()
