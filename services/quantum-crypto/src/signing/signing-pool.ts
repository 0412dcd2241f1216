import { falconPublicBytes, type KeyPair, type Signer, wipe } from '@qsm/protocol'
import { createBatcher, type HistogramMetric, type Logger, type Metrics, QsmError } from '@qsm/server-kit'
import type { Build } from '@qsm/wasm'
import type { SignItem } from './falcon-tasks.js'
import { falconWorker, startWorkers, type Workers } from './workers.js'

export interface SigningPool {
  /** Falcon-512 whose key pairs and signatures are made in workers. Full: throws `unavailable` with a time to wait. */
  readonly signer: Signer
  /** Signatures and key pairs that wait for a worker. */
  readonly waiting: number
  /** Resolves when everything that was taken is done and no thread is left. */
  close(): Promise<void>
}

export interface SigningPoolOptions {
  /** Verifies in the thread that asks: a tenth of a millisecond is less than the way to a worker. */
  readonly verifier: Pick<Signer, 'verify'>
  readonly threads: number
  /** Of Falcon-512; the fast one when it is absent. */
  readonly build?: Build
  /** Tasks that may wait; whoever comes then is told to come later. */
  readonly maxWaiting: number
  readonly log: Logger
  readonly metrics: Metrics
  /** Threads are replaced after so many tasks and so much time, so that what a run time leaves behind does not stay. */
  readonly recycle?: { readonly tasks: number; readonly everyMs: number }
  /** Another worker, for tests. */
  readonly worker?: URL
}

/** So many signatures go to a worker together: a few milliseconds of work. */
const maxTogether = 16
/** While a thread works, the next ones lie ready for it. */
const groupsPerThread = 2

const defaultRecycle = { tasks: 10_000, everyMs: 60_000 }

const full = (): QsmError =>
  new QsmError('unavailable', 'Signing has too much to do just now: try again in a moment.', { retryAfterSeconds: 1 })

/** Copies side by side in memory of their own: to transfer one piece costs less than two for each signature. */
const copyTogether = (items: readonly SignItem[]) => {
  const bytes = new Uint8Array(items.reduce((sum, item) => sum + item.secretKey.length + item.message.length, 0))
  let at = 0
  const copy = (part: Uint8Array): Uint8Array => {
    const place = bytes.subarray(at, at + part.length)
    place.set(part)
    at += part.length
    return place
  }
  return {
    bytes,
    copies: items.map(({ secretKey, message }) => ({ secretKey: copy(secretKey), message: copy(message) })),
  }
}

const durations = (metrics: Metrics): HistogramMetric =>
  metrics.histogram({
    name: 'qsm_crypto_signing_seconds',
    help: 'Seconds from the call of a signature or key pair of Falcon-512 to its end, with the wait for a worker.',
    labelNames: ['kind'],
    buckets: [0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5],
  })

/** Falcon-512 in worker threads. Resolves when they have passed their self-test, rejects where they do not. */
export const createSigningPool = async (options: SigningPoolOptions): Promise<SigningPool> => {
  const {
    verifier,
    threads,
    build = 'fast',
    maxWaiting,
    log,
    metrics,
    recycle = defaultRecycle,
    worker: source = falconWorker,
  } = options
  let workers: Workers = await startWorkers({ threads, build, source, log })
  let replacing: Promise<void> | null = null
  const retiring = new Set<Promise<void>>()
  const seconds = durations(metrics)
  let open = 0
  let whenDone = () => {}
  const waiting = () => Math.max(0, open - threads)
  metrics.gauge({
    name: 'qsm_crypto_signing_waiting',
    help: 'Signatures and key pairs that wait for a worker.',
    collect: () => waiting(),
  })
  const recycled = metrics.counter({
    name: 'qsm_crypto_signing_recycles_total',
    help: 'How often the signing workers were replaced.',
  })

  const retire = (old: Workers): void => {
    const gone = old.retire().finally(() => retiring.delete(gone))
    retiring.add(gone)
  }
  const replace = async (): Promise<void> => {
    try {
      const fresh = await startWorkers({ threads, build, source, log })
      retire(workers)
      workers = fresh
      recycled.inc()
    } catch (error) {
      log.error({ err: error }, 'signing workers could not be replaced; the present ones go on')
    } finally {
      replacing = null
    }
  }
  const recycleNow = (): void => {
    replacing ??= replace()
  }
  const timer = setInterval(() => {
    if (workers.taken > 0) recycleNow()
  }, recycle.everyMs).unref()

  const watched = async <T>(kind: 'generate' | 'sign', work: () => Promise<T>): Promise<T> => {
    if (waiting() >= maxWaiting) throw full()
    open += 1
    const stop = seconds.startTimer({ kind })
    try {
      return await work()
    } finally {
      stop()
      open -= 1
      if (open === 0) whenDone()
      if (workers.taken >= recycle.tasks) recycleNow()
    }
  }
  const signTogether = createBatcher<SignItem, Uint8Array>({
    maxItems: maxTogether,
    maxInFlight: threads * groupsPerThread,
    async run(items) {
      const { bytes, copies } = copyTogether(items)
      try {
        return await workers.run({ kind: 'sign', items: copies }, [bytes.buffer])
      } catch (error) {
        return items.map(() => error as Error) // Those that wait for the next group are not touched.
      } finally {
        if (bytes.length > 0) wipe(bytes) // No worker has taken them.
      }
    },
  })

  const signer: Signer = Object.freeze({
    name: 'Falcon-512',
    publicKeyBytes: falconPublicBytes,
    secretKeyBytes: 1281,
    signatureBytes: 666,
    async generateKeyPair(): Promise<KeyPair> {
      const pair = await watched('generate', () => workers.run({ kind: 'generate' }, []))
      const publicKey = pair.slice(0, falconPublicBytes)
      const secretKey = pair.slice(falconPublicBytes)
      wipe(pair)
      return { publicKey, secretKey }
    },
    /** Both are read when their turn comes, and stay the caller's. Copies go to the worker, which wipes them. */
    sign: (secretKey: Uint8Array, message: Uint8Array) => watched('sign', () => signTogether({ secretKey, message })),
    verify: (publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array) =>
      verifier.verify(publicKey, message, signature),
  } satisfies Signer)

  return {
    signer,
    get waiting() {
      return waiting()
    },
    async close() {
      clearInterval(timer)
      await replacing
      if (open > 0) {
        await new Promise<void>(resolve => {
          whenDone = resolve
        })
      }
      retire(workers)
      await Promise.all(retiring)
    },
  }
}
