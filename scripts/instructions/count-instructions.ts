import { execFile, spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import type { Operation } from './operations.js'

const program = fileURLToPath(new URL('measure.mjs', import.meta.url))
/** What `process.ppid` calls. */
const mark = 'uv_os_getppid'

/** Room for all that one operation leaves behind: when it is swept would depend on what came before. */
const noSweeping = ['--min-semi-space-size=64', '--max-semi-space-size=64']
const sameEachTime = ['--single-threaded', '--predictable', '--hash-seed=1', '--expose-gc', ...noSweeping]
/** When the compiler takes a function on, and what it inlines, moves counts by more than most changes do. */
const interpretScript = ['--no-opt', '--no-sparkplug']
/** Each WASM function is compiled once, for the oldest processor that has what WASM needs, whatever runs it. */
const compileWasm = ['--no-liftoff', '--no-wasm-tier-up', '--no-enable-avx', '--no-enable-bmi1', '--no-enable-bmi2']

/** What is missing to count instructions here, and how to get it; null where nothing is. */
export const whyNotCounted = (): string | null =>
  spawnSync('valgrind', ['--version'], { stdio: 'ignore' }).status === 0
    ? null
    : 'valgrind is not there: apt-get install valgrind'

/** What callgrind counted between two marks. */
const countOf = (file: string): number => {
  const [, total] = /^totals: (\d+)$/m.exec(readFileSync(file, 'utf8')) ?? []
  if (total === undefined) throw new Error(`callgrind left no total in ${file}`)
  return Number(total)
}

/** Instructions of one run of each operation, by its name, as Valgrind counts them in the built code (`npm run build`). */
export const countInstructions = async (operations: readonly Operation[]): Promise<ReadonlyMap<string, number>> => {
  const folder = mkdtempSync(join(tmpdir(), 'qsm-instructions-'))
  const output = join(folder, 'counted')
  const callgrind = ['--tool=callgrind', `--dump-before=${mark}`, `--callgrind-out-file=${output}`]
  const node = [process.execPath, ...sameEachTime, ...interpretScript, ...compileWasm, program]
  const what = operations.flatMap(({ file, count }) => [file, String(count)])
  try {
    // Neither conditions nor loaders of this process: what is counted is the built code.
    const env = { ...process.env, NODE_OPTIONS: '' }
    await promisify(execFile)('valgrind', [...callgrind, ...node, ...what], { env, maxBuffer: 2 ** 24 })
    // Before each operation a part for its preparation.
    return new Map(operations.map(({ name, count }, index) => [name, countOf(`${output}.${2 * index + 2}`) / count]))
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
