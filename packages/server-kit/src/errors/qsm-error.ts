import { type ErrorCode, errorCatalogue } from '@qsm/contract'

export interface QsmErrorOptions {
  /** Further fields of the answer's `error` object, such as `field` or `missing`. */
  readonly details?: Readonly<Record<string, unknown>>
  /** Seconds for the `Retry-After` header. */
  readonly retryAfterSeconds?: number
  readonly cause?: unknown
}

/** An error that a client may see: a code of the catalogue, with a text that names the field, the limit or the next step. */
export class QsmError extends Error {
  override readonly name = 'QsmError'
  readonly code: ErrorCode
  readonly details: Readonly<Record<string, unknown>> | undefined
  readonly retryAfterSeconds: number | undefined

  constructor(code: ErrorCode, message?: string, options: QsmErrorOptions = {}) {
    super(message ?? errorCatalogue[code].message, options.cause === undefined ? undefined : { cause: options.cause })
    this.code = code
    this.details = options.details
    this.retryAfterSeconds = options.retryAfterSeconds
  }

  get status(): number {
    return errorCatalogue[this.code].status
  }
}
