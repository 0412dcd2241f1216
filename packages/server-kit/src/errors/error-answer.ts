import { errorCatalogue } from '@qsm/contract'
import { isDatabaseTrouble, isUnstorableText } from './database-trouble.js'
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
    const text = 'The database is not there just now: try again in a moment.'
    return new QsmError('unavailable', text, { retryAfterSeconds: 2, cause: thrown })
  }
  // The schemas refuse such texts before; what slips through is still the sender's fault and nobody else's.
  if (isUnstorableText(thrown)) return new QsmError('bad_request', 'A text holds a character that cannot be stored.')
  return new QsmError('internal', undefined, { cause: thrown })
}

/** The `error` object of answers and socket frames. */
export const errorObject = (error: QsmError, requestId: string) => ({
  ...error.details,
  code: error.code,
  message: error.message,
  retryable: errorCatalogue[error.code].retryable,
  request_id: requestId,
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
