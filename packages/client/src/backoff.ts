import type { Algorithms } from '@qsm/protocol'
import { QsmClientError } from './errors.js'

const backoffCapMs = 30_000
const firstMs = 500

/**
 * How long to wait before the next attempt, in ms: anything up to a bound that doubles, so that clients that were cut off
 * at once do not come back at once (full jitter).
 */
export const backoffMs = (attempt: number, { randomBytes }: Pick<Algorithms, 'randomBytes'>): number => {
  const bytes = randomBytes(4)
  const share = new DataView(bytes.buffer, bytes.byteOffset, 4).getUint32(0) / 0x1_0000_0000
  return share * Math.min(backoffCapMs, firstMs * 2 ** Math.min(attempt, 10))
}

/** No server is believed that asks to wait longer; it is tried again then. */
const maxAskedMs = 3_600_000

/**
 * The same after a failure: what the server asked for (`Retry-After`) and a random time on top, for it asks the same of all
 * that it sends away at once.
 */
export const retryMs = (error: unknown, attempt: number, algorithms: Pick<Algorithms, 'randomBytes'>): number => {
  const askedMs = error instanceof QsmClientError ? Math.min(maxAskedMs, error.retryAfterMs) : 0
  return askedMs + backoffMs(attempt, algorithms)
}

/** Resolves after a time, or at once when one of the signals comes. Takes back what it has hung on them. */
export const pause = (ms: number, ...signals: readonly AbortSignal[]): Promise<void> =>
  new Promise(resolve => {
    if (signals.some(signal => signal.aborted)) return resolve()
    const done = () => {
      clearTimeout(timer)
      for (const signal of signals) signal.removeEventListener('abort', done)
      resolve()
    }
    const timer = setTimeout(done, ms)
    for (const signal of signals) signal.addEventListener('abort', done)
  })
