import type { CounterMetric, Logger, Metrics } from '@qsm/server-kit'
import { AtRestError } from './key-encryption-key.js'

/** What is stored and did not open in its place: somebody changed the database, or a key-encryption key is missing. */
export const atRestFailures = (metrics: Metrics): CounterMetric =>
  metrics.counter({
    name: 'qsm_crypto_at_rest_failures_total',
    help: 'Stored keys and states that did not open in their place, by reason.',
    labelNames: ['reason'],
  })

/** Counts and logs what does not open; it goes up as it is. `about` names the row, and holds nothing secret. */
export const watchAtRest = async <T>(
  { counter, log }: { readonly counter: CounterMetric; readonly log: Logger },
  about: Readonly<Record<string, unknown>>,
  work: () => Promise<T>,
): Promise<T> => {
  try {
    return await work()
  } catch (error) {
    if (error instanceof AtRestError) {
      counter.inc({ reason: error.reason })
      log.error(
        { ...about, reason: error.reason },
        'what is stored does not open in its place: nothing was done with it',
      )
    }
    throw error
  }
}
