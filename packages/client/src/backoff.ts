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

/** Resolves after a time, or at once when the signal comes. */
export const pause = (ms: number, signal: AbortSignal): Promise<void> =>
  new Promise(resolve => {
    if (signal.aborted) return resolve()
    const done = () => {
      clearTimeout(timer)
      signal.removeEventListener('abort', done)
      resolve()
    }
    const timer = setTimeout(done, ms)
    signal.addEventListener('abort', done)
  })
