import { setTimeout as sleep } from 'node:timers/promises'
import { getQuantumHealth } from '@qsm/contract'
import type { Logger } from '../log.js'
import type { Metrics } from '../metrics/registry.js'

export interface QuantumWatch {
  /** Whether the quantum service answered when it was last asked, at most a few seconds ago. */
  isReady(): boolean
  stop(): void
}

const everyMs = 2_000
const timeoutMs = 1_500

/** Asks a quantum service elsewhere how it is. Rejects within 1.5 s unless it says that it can serve. */
export const askQuantumHealth =
  (quantumUrl: string): (() => Promise<void>) =>
  async () => {
    const url = new URL(getQuantumHealth.path, quantumUrl)
    const response = await fetch(url, { signal: AbortSignal.timeout(timeoutMs), redirect: 'error' })
    const body = (await response.json()) as { readonly service?: unknown }
    if (!response.ok) throw new Error(`${url.href} answers ${response.status}`)
    if (body.service !== 'quantum-crypto') throw new Error(`${url.href} is not a quantum service`)
  }

/**
 * Asks every two seconds, so that requests need not: they read what the last answer was. Resolves after the first answer.
 * `check` rejects when the service is away, and settles within two seconds.
 */
export const watchQuantum = async (options: {
  readonly check: () => Promise<void>
  readonly log: Logger
  readonly metrics: Metrics
}): Promise<QuantumWatch> => {
  const { check, log, metrics } = options
  const stopping = new AbortController()
  let ready: boolean | null = null

  const ask = async () => {
    const cause = await check().then(
      () => null,
      error => error as Error,
    )
    const isReady = cause === null
    if (isReady === ready) return
    if (cause) log.warn({ err: cause }, 'the quantum service does not answer; thin clients wait')
    else if (ready === false) log.info('the quantum service answers again')
    ready = isReady
  }
  const askAgainAndAgain = async () => {
    while (!stopping.signal.aborted) {
      await sleep(everyMs, undefined, { ref: false, signal: stopping.signal }).catch(() => {}) // Ended by stop().
      if (!stopping.signal.aborted) await ask()
    }
  }

  metrics.gauge({
    name: 'qsm_quantum_service_up',
    help: 'Whether the quantum service answered when it was last asked.',
    collect: () => (ready ? 1 : 0),
  })
  await ask()
  void askAgainAndAgain()
  return { isReady: () => ready === true, stop: () => stopping.abort() }
}
