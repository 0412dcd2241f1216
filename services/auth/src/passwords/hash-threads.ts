import { fileURLToPath } from 'node:url'
import type { Logger } from '@qsm/server-kit'
import { Piscina } from 'piscina'
import type { HashTask } from './hash-worker.js'

/** A worker is JavaScript. From source, as in tests, it is the one that was built: Node itself reads no TypeScript. */
const builtWorker = import.meta.url.endsWith('.ts') ? '../../dist/src/passwords/hash-worker.js' : './hash-worker.js'

/** Argon2id in threads of its own. */
export interface HashThreads {
  /** The encoded hash. */
  hash(password: string): Promise<string>
  /** Whether the password fits. Rejects where the hash is none. */
  verify(hash: string, password: string): Promise<boolean>
  /** Ends the threads. What they had not finished is rejected. */
  close(): Promise<void>
}

/** Above 0 a thread yields to the event loop, which answers everybody: at 10 it gets a tenth of a core that both want. */
const niceIncrement = 10
/** The last thread stays. */
const idleMs = 60_000

/**
 * Threads beside the pool of Node, whose four also look up names and read files, and whose priority cannot be lowered for one
 * kind of work alone.
 */
export const startHashThreads = (maxThreads: number, log: Logger): HashThreads => {
  const pool = new Piscina<HashTask, string | boolean>({
    filename: fileURLToPath(new URL(builtWorker, import.meta.url)),
    name: 'runHashTask',
    minThreads: 1,
    maxThreads,
    idleTimeout: idleMs,
    // No worker inherits arguments, or the environment, which holds secrets.
    execArgv: [],
    env: {},
    niceIncrement,
  })
  // Of a thread that has no task; the pool starts another.
  pool.on('error', error => log.error({ err: error }, 'a thread that hashes passwords failed'))
  return {
    hash: async password => (await pool.run({ kind: 'hash', password })) as string,
    verify: async (hash, password) => (await pool.run({ kind: 'verify', hash, password })) as boolean,
    close: () => pool.destroy(),
  }
}
