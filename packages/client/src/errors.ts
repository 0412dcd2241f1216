/** Why a call failed; `code` is that of the server's catalogue, or one of the client's own. */
export type ClientErrorCode =
  | 'unreachable'
  | 'not_logged_in'
  | 'no_such_user'
  | 'no_session'
  | 'identity_changed'
  | 'store_in_use'
  | 'closed'
  | (string & {})

/** A failure that the user is told of, with what to do next. */
export class QsmClientError extends Error {
  override readonly name = 'QsmClientError'
  readonly code: ClientErrorCode
  /** HTTP status of the server's answer; 0 where there was none. */
  readonly status: number
  readonly details: Readonly<Record<string, unknown>>

  constructor(code: ClientErrorCode, message: string, options: { status?: number; details?: Record<string, unknown>; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.code = code
    this.status = options.status ?? 0
    this.details = options.details ?? {}
  }

  /** Whether the same call may succeed later. */
  get isTransient(): boolean {
    if (this.status === 0) return this.code === 'unreachable'
    // The server says it of its own errors; a proxy in between only has its status.
    return typeof this.details.retryable === 'boolean' ? this.details.retryable : this.status === 429 || this.status >= 500
  }
}
