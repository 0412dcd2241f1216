import { fileURLToPath } from 'node:url'
import type { Logger } from '@qsm/server-kit'
import type { Build } from '@qsm/wasm'
import { Piscina } from 'piscina'
import type { FalconResult, FalconTask } from './falcon-tasks.js'

/** A worker is JavaScript. From source, as in tests, it is the one that was built: Node itself reads no TypeScript. */
const builtWorker = import.meta.url.endsWith('.ts') ? '../../dist/src/signing/falcon-worker.js' : './falcon-worker.js'

export const falconWorker: URL = new URL(builtWorker, import.meta.url)

/** Workers that were started together and end together. */
export interface Workers {
  /** Resolves with what the worker hands over. `transfer` is no longer the caller's. */
  run<T extends FalconTask>(task: T, transfer: readonly ArrayBuffer[]): Promise<FalconResult<T>>
  /** Signatures and key pairs that were taken since the start. */
  readonly taken: number
  /** Takes no more tasks; ends the threads when those that were taken are done. */
  retire(): Promise<void>
}

/** Above 0 a thread yields to the event loop, which answers everybody. */
const niceIncrement = 5

/** Starts threads and waits until one has proved itself. Rejects with what it said where it cannot work. */
export const startWorkers = async (options: {
  readonly threads: number
  readonly build: Build
  readonly source: URL
  readonly log: Logger
}): Promise<Workers> => {
  const { threads, build, source, log } = options
  let [taken, open] = [0, 0]
  let whenDone: () => void = () => {}
  const pool = new Piscina<FalconTask>({
    filename: fileURLToPath(source),
    name: 'runFalconTask',
    minThreads: threads,
    maxThreads: threads,
    // No worker inherits arguments, or the environment, which holds secrets.
    execArgv: [],
    env: {},
    workerData: { build },
    niceIncrement,
  })
  pool.on('error', error => log.error({ err: error }, 'a signing worker failed'))

  const run = async <T extends FalconTask>(task: T, transfer: readonly ArrayBuffer[]): Promise<FalconResult<T>> => {
    taken += task.kind === 'sign' ? task.items.length : 1
    open += 1
    try {
      return await pool.run(task, { transferList: [...transfer] })
    } finally {
      open -= 1
      if (open === 0) whenDone()
    }
  }
  const ready = () =>
    Promise.all(
      Array.from({ length: threads }, async () => {
        const pair = await pool.run({ kind: 'generate' })
        pair.fill(0)
      }),
    )
  await ready().catch(async error => {
    await pool.destroy()
    throw error
  })
  return {
    run,
    get taken() {
      return taken
    },
    async retire() {
      if (open > 0) {
        await new Promise<void>(resolve => {
          whenDone = resolve
        })
      }
      await pool.destroy()
    },
  }
}
