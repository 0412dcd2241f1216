import { QsmError } from '@qsm/server-kit'

/**
 * Keeps callers from waiting for a service that is away: after some failures in a row nobody asks it for a second, then one
 * call tries it. Each trial that fails doubles the pause, up to 4 s, so that a service that is back is used within 5 s.
 */
export interface Breaker {
  /** Does the work, or throws `unavailable` at once. A failure of the work is a failure of the service. */
  run<T>(work: () => Promise<T>): Promise<T>
  /** Whether nobody asks just now. */
  readonly isOpen: boolean
}

const failuresToOpen = 3
const firstPauseMs = 1_000
const maxPauseMs = 4_000

const text =
  'The quantum service, which holds the keys of thin clients, does not answer just now: try again in a moment. End-to-end clients do not need it.'

export const quantumUnavailable = (pauseMs: number, cause?: unknown): QsmError =>
  new QsmError('unavailable', text, { retryAfterSeconds: Math.max(1, Math.ceil(pauseMs / 1_000)), cause })

/** `now` counts milliseconds and never goes back. */
export const createBreaker = (now: () => number = () => performance.now()): Breaker => {
  let failures = 0
  let pauseMs = firstPauseMs
  /** Until when nobody asks; null while closed. */
  let openUntil: number | null = null
  let isTrying = false

  const succeeded = () => {
    failures = 0
    pauseMs = firstPauseMs
    openUntil = null
  }
  const failed = (wasTrial: boolean) => {
    failures += 1
    if (wasTrial) pauseMs = Math.min(maxPauseMs, pauseMs * 2)
    else if (failures < failuresToOpen || openUntil !== null) return
    openUntil = now() + pauseMs
  }

  return {
    get isOpen() {
      return openUntil !== null
    },
    async run(work) {
      const isTrial = openUntil !== null
      if (openUntil !== null && (isTrying || now() < openUntil)) throw quantumUnavailable(openUntil - now())
      isTrying = isTrial
      try {
        const result = await work()
        succeeded()
        return result
      } catch (cause) {
        failed(isTrial)
        throw quantumUnavailable(pauseMs, cause)
      } finally {
        if (isTrial) isTrying = false
      }
    },
  }
}
