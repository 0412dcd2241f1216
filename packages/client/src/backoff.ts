import type { Algorithms } from '@qsm/protocol'

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
