import { errorCatalogue } from '@qsm/contract'
import { isDatabaseTrouble } from './database-trouble.js'
import { QsmError } from './qsm-error.js'

export interface ErrorAnswer {
  readonly status: number
  readonly retryAfterSeconds: number | undefined
  readonly body: {
    readonly error: {
      readonly code: string
      readonly message: string
      readonly retryable: boolean
      readonly request_id: string
    }
    readonly status_code: number
    readonly timestamp: string
  }
}

/** Anything thrown, as an error of the catalogue: trouble with the database is `unavailable`, what nobody expected `internal`. */
export const toQsmError = (thrown: unknown): QsmError => {
  if (thrown instanceof QsmError) return thrown
  if (isDatabaseTrouble(thrown)) {
    const text = 'The database is not there just now; nothing was stored. Try again in a moment.'
    return new QsmError('unavailable', text, { retryAfterSeconds: 2, cause: thrown })
  }
  return new QsmError('internal', undefined, { cause: thrown })
}

/** The `error` object of answers and socket frames. */
export const errorObject = (error: QsmError, requestId: string) => ({
  code: error.code,
  message: error.message,
  retryable: errorCatalogue[error.code].retryable,
  request_id: requestId,
  ...error.details,
})

/** The one form in which errors leave. */
export const toErrorAnswer = (error: QsmError, requestId: string, now: Date): ErrorAnswer => {
  const retryable = errorCatalogue[error.code].retryable
  const mismatch = error.code === 'device_mismatch' ? error.details : undefined
  return {
    status: error.status,
    retryAfterSeconds: error.retryAfterSeconds ?? (retryable && error.status !== 500 ? 5 : undefined),
    body: {
      error: errorObject(error, requestId),
      status_code: error.status,
      timestamp: now.toISOString(),
      ...mismatch,
    },
  }
}
