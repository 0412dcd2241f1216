import { setTimeout as sleep } from 'node:timers/promises'
import type { StartOptions } from './runtime.js'

export type Found<T> = { readonly value: T } | { readonly missing: string; readonly cause?: unknown }

/** What a person can do about what the main application has not left yet. */
export const startMainHint = 'start the main application on the same QSM_DATA_DIR (qsm-server start main)'

const lookEveryMs = 250
const tellEveryMs = 10_000

/**
 * Looks until it is there, and says what is missing: at once where that is another thing, else every ten seconds. Throws
 * the cause when it is not there after `patienceMs` (without it there is no end), and when `signal` is aborted.
 */
export const waitFor = async <T>(
  look: () => Promise<Found<T>>,
  { onStep, signal, patienceMs = Number.POSITIVE_INFINITY }: StartOptions & { readonly patienceMs?: number },
): Promise<T> => {
  const begun = performance.now()
  let told = ''
  let toldAt = 0
  for (;;) {
    const found = await look()
    if ('value' in found) return found.value
    const now = performance.now()
    if (now - begun > patienceMs) throw found.cause ?? new Error(found.missing)
    if (found.missing !== told || now - toldAt >= tellEveryMs) {
      onStep?.(`waiting: ${found.missing}`)
      told = found.missing
      toldAt = now
    }
    await sleep(lookEveryMs, undefined, signal ? { signal } : {})
  }
}
