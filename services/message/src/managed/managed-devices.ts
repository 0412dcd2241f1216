import {
  type errorCatalogue,
  errorCodes,
  type InputOf,
  type ManagedCall,
  type ManagedOperationName,
  type ManagedResult,
  type managedOperations,
  maxOperationsPerCall,
  type OutputOf,
  type RunManagedOperations,
} from '@qsm/contract'
import { createBatcher, type Metrics, QsmError } from '@qsm/server-kit'
import { createBreaker, quantumUnavailable } from './breaker.js'

type Operations = typeof managedOperations
export type ManagedInput<N extends ManagedOperationName> = InputOf<Operations[N]>
export type ManagedOutput<N extends ManagedOperationName> = OutputOf<Operations[N]>

/** What managed devices do for their users, in the quantum service. */
export interface ManagedDevices {
  /**
   * Does one operation for the user of an access token. Throws what the quantum service refuses, by its code, and
   * `unavailable` where it does not answer in time.
   */
  run<N extends ManagedOperationName>(token: string, operation: N, input: ManagedInput<N>): Promise<ManagedOutput<N>>
  /** The same for work that nobody waits for: it may take 30 s, and holds nobody up who asks for something else. */
  runLong<N extends ManagedOperationName>(
    token: string,
    operation: N,
    input: ManagedInput<N>,
  ): Promise<ManagedOutput<N>>
  /** Gives up what is under way. */
  close(): void
}

/** The way to the quantum service. */
export interface QuantumAccess {
  readonly run: RunManagedOperations
  /** So long a user waits before the quantum service is held to be away. */
  readonly deadlineMs: number
}

const longDeadlineMs = 30_000
const maxCallsInFlight = 32
const maxLongCallsInFlight = 2

const isKnownCode = (code: string): code is keyof typeof errorCatalogue =>
  (errorCodes as readonly string[]).includes(code)

/** A refusal as the caller of a thin client sees it. What is away behind the quantum service is told under its name. */
const toError = ({ error, status }: Extract<ManagedResult, { readonly error: unknown }>): QsmError => {
  const { code, message, field } = error
  if (!isKnownCode(code) || code === 'internal') {
    return quantumUnavailable(1_000, new Error(`an operation of a managed device ended with ${status} ${code}`))
  }
  const text = status === 503 ? `The quantum service: ${message}` : message
  return new QsmError(code, text, {
    ...(field === undefined ? {} : { details: { field } }),
    ...(error.retryable ? { retryAfterSeconds: 1 } : {}),
  })
}

/** Rejects when the signal comes, whether or not the work heeds it. */
const until = async <T>(signal: AbortSignal, work: Promise<T>): Promise<T> => {
  let onAbort = () => {}
  const aborted = new Promise<never>((_, reject) => {
    onAbort = () => reject(signal.reason)
    signal.addEventListener('abort', onAbort, { once: true })
  })
  try {
    return await Promise.race([work, aborted])
  } finally {
    signal.removeEventListener('abort', onAbort)
  }
}

/**
 * Managed devices by way of a quantum service. Operations that are asked for in one turn of the event loop share a call.
 * Without a quantum service every operation says that there is none.
 */
export const createManagedDevices = (quantum: QuantumAccess | null, metrics: Metrics): ManagedDevices => {
  const operations = metrics.counter({
    name: 'qsm_message_managed_operations_total',
    help: 'Operations of managed devices that the quantum service was asked for.',
    labelNames: ['operation', 'outcome'],
  })
  if (!quantum) {
    const text = 'This server runs without a quantum service: thin clients cannot be served. Use an end-to-end client.'
    const refuse = async (): Promise<never> => {
      throw new QsmError('unavailable', text, { retryAfterSeconds: 60 })
    }
    return { run: refuse, runLong: refuse, close: () => {} }
  }
  const breaker = createBreaker()
  const closing = new AbortController()
  metrics.gauge({
    name: 'qsm_message_quantum_service_away',
    help: '1 while the quantum service is not asked, because it did not answer.',
    collect: () => (breaker.isOpen ? 1 : 0),
  })

  const lane = (maxItems: number, maxInFlight: number, timeoutMs: number) =>
    createBatcher<ManagedCall, unknown>({
      maxItems,
      maxInFlight,
      async run(calls) {
        const results = await breaker.run(() => {
          const signal = AbortSignal.any([closing.signal, AbortSignal.timeout(timeoutMs)])
          return until(signal, quantum.run(calls, signal))
        })
        return results.map(result => ('error' in result ? toError(result) : result.output))
      },
    })

  const through =
    (ask: (call: ManagedCall) => Promise<unknown>): ManagedDevices['run'] =>
    async (token, operation, input) => {
      const call = { token, input: { operation, ...input } } as ManagedCall
      try {
        const output = await ask(call)
        operations.inc({ operation, outcome: 'done' })
        return output as ManagedOutput<typeof operation>
      } catch (error) {
        operations.inc({ operation, outcome: error instanceof QsmError ? error.code : 'internal' })
        throw error
      }
    }
  return {
    run: through(lane(maxOperationsPerCall, maxCallsInFlight, quantum.deadlineMs)),
    runLong: through(lane(1, maxLongCallsInFlight, longDeadlineMs)),
    close: () => closing.abort(),
  }
}
