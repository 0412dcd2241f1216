import { existsSync, readFileSync, rmSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'

/** Milliseconds by which the event loop came late, since they were read last. */
export interface LoopDelay {
  readonly p50: number
  readonly p99: number
  readonly max: number
}

/** Environment of a server whose event loop is watched by a timer of 1 ms, which is taken off; its figures go to `file`. */
export const watchedBy = (file: string): Readonly<Record<string, string>> => ({
  NODE_OPTIONS: `--import ${new URL('./loop-delay-probe.mjs', import.meta.url).href}`,
  BENCH_LOOP_FILE: file,
})

/** Reads and resets the figures of a watched server. Throws where it does not answer within 10 s. */
export const readLoopDelay = async (pid: number, file: string): Promise<LoopDelay> => {
  rmSync(file, { force: true })
  process.kill(pid, 'SIGWINCH')
  for (let waitedMs = 0; !existsSync(file); waitedMs += 20) {
    if (waitedMs > 10_000) throw new Error('the server tells no delays of its event loop')
    await sleep(20)
  }
  return JSON.parse(readFileSync(file, 'utf8')) as LoopDelay
}
