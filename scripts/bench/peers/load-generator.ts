import { rmSync } from 'node:fs'
import { cpus } from 'node:os'
import { join } from 'node:path'
import { generatorCore, peersEnvironment, peersHome } from './environment.js'
import { runCommand } from './run-command.js'

/** What the load generator found in one run. Times in milliseconds from when a message was due. */
export interface LoadSample {
  readonly deliveries_per_s?: number
  readonly requests_per_s?: number
  readonly connects_per_s?: number
  /** User and system time of all server processes for each operation. */
  readonly server_us_per_op: number
  readonly latency_ms?: { readonly p50: number; readonly p99: number }
  readonly connect_ms?: { readonly p50: number; readonly p99: number }
  /** Resident anonymous memory of the servers for each socket; mode "connect". */
  readonly kib_per_socket?: number
  readonly failed?: number
  readonly held?: number
}

interface Verdict extends LoadSample {
  readonly correct?: boolean
  readonly missing?: number
  readonly wrong_order?: number
  readonly closed_sockets?: number
  readonly first_error?: string
}

/** What is measured: a scenario, the processes that serve it, and what stands in it as `${NAME}`. */
export interface Target {
  readonly scenario: string
  pids(): readonly number[]
  readonly variables?: Readonly<Record<string, string>>
}

export interface LoadGenerator {
  /**
   * One run with `args` as the generator wants them, such as "fanout -n 200 -window 8". Throws when a message was lost, doubled
   * or out of order, when a request or a connection failed, or when the generator itself did.
   */
  measure(args: string, target: Target): Promise<LoadSample>
  /** Ends a run that goes on; none can begin afterwards. */
  stop(): void
}

const judge = (sample: Verdict): LoadSample => {
  const { correct, missing, wrong_order, closed_sockets, failed, first_error } = sample
  const { deliveries_per_s, requests_per_s, connects_per_s } = sample
  if (correct === false)
    throw new Error(`${missing} deliveries missing, ${wrong_order} out of order, ${closed_sockets} sockets lost`)
  if (failed) throw new Error(`${failed} failed: ${first_error ?? 'without a reason'}`)
  if (!(deliveries_per_s || requests_per_s || connects_per_s)) throw new Error('nothing was answered in time')
  return sample
}

/** Builds the load generator, which is written in Go. Throws where Go is missing. */
export const buildLoadGenerator = async (peersFolder: string): Promise<LoadGenerator> => {
  const base = peersEnvironment(peersFolder)
  const program = join(peersHome, `loadgen-${process.pid}`)
  const stopping = new AbortController()
  const { signal } = stopping
  await runCommand('go', ['build', '-o', program, '.'], { env: base, cwd: join(peersFolder, 'loadgen') })
  return {
    async measure(args, { scenario, pids, variables }) {
      const env = { ...base, ...variables }
      const [mode = '', ...flags] = args.split(' ')
      const command = [program, ...flags, '-pids', pids().join(), mode, scenario]
      const [first = '', ...rest] = cpus().length > 1 ? ['taskset', '-c', generatorCore, ...command] : command
      return judge(JSON.parse(await runCommand(first, rest, { env, timeoutMs: 180_000, signal })) as Verdict)
    },
    stop: () => {
      stopping.abort()
      rmSync(program, { force: true })
    },
  }
}
