import type { ErrorCode } from '@qsm/contract'
import { ProtocolError } from '@qsm/protocol'

/** Why a call failed; `code` is that of the server's catalogue, or one of the client's own. */
export type ClientErrorCode =
  | ErrorCode
  | 'usage'
  | 'closed'
  | 'unreachable'
  | 'unexpected_answer'
  | 'not_logged_in'
  | 'no_such_user'
  | 'no_request'
  | 'no_session'
  | 'no_prekeys'
  | 'rejected'
  | 'expired'
  | 'queued'
  | 'too_long'
  | 'refused'
  | 'identity_changed'
  | 'device_removed'
  | 'no_websocket'
  | 'store_in_use'
  | 'store_damaged'
  | 'store_unusable'
  | (string & {})

interface ErrorOptions {
  readonly status?: number
  readonly details?: Readonly<Record<string, unknown>>
  readonly cause?: unknown
}

/** A failure that the user is told of, with what to do next. */
export class QsmClientError extends Error {
  override readonly name: string = 'QsmClientError'
  readonly code: ClientErrorCode
  /** HTTP status of the server's answer; 0 where there was none. */
  readonly status: number
  readonly details: Readonly<Record<string, unknown>>

  constructor(code: ClientErrorCode, message: string, options: ErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.code = code
    this.status = options.status ?? 0
    this.details = options.details ?? {}
  }

  /** Whether the same call may succeed later. */
  get isTransient(): boolean {
    if (this.status === 0) return this.code === 'unreachable'
    // The server says it of its own errors; a proxy in between only has its status.
    return typeof this.details.retryable === 'boolean'
      ? this.details.retryable
      : this.status === 429 || this.status >= 500
  }

  /** How long the server asks to wait, in ms; 0 where it does not say. */
  get retryAfterMs(): number {
    return typeof this.details.retryAfterMs === 'number' ? this.details.retryAfterMs : 0
  }
}

/** Sending has stopped until the user has looked: an identity key changed, or a known user has a new device. */
export class IdentityChangedError extends QsmClientError {
  override readonly name = 'IdentityChangedError'
  readonly username: string
  readonly devices: readonly number[]

  constructor(username: string, devices: readonly number[], isOwn: boolean) {
    const text = isOwn
      ? `Your account ${username} has a new device (${devices.join(', ')}). If it is yours`
      : `${username} has a new device or another key (device ${devices.join(', ')}). Compare safety numbers; where they agree`
    super(
      'identity_changed',
      `${text}, accept it: client.acceptIdentity('${username}'), or qsm accept-identity ${username}. Nothing is sent until then.`,
      {
        details: { username, devices },
      },
    )
    this.username = username
    this.devices = devices
  }
}

export const unreachable = (message: string, cause?: unknown): QsmClientError =>
  new QsmClientError('unreachable', message, { cause })

export const hasCode = (error: unknown, ...codes: readonly ClientErrorCode[]): error is QsmClientError =>
  error instanceof QsmClientError && codes.includes(error.code)

export const isTransient = (error: unknown): boolean => error instanceof QsmClientError && error.isTransient

/** What the protocol refuses of a server's answer, as an error for the user; other errors go through. */
export const asRefused = (error: unknown, what: string): unknown =>
  error instanceof ProtocolError
    ? new QsmClientError(
        'refused',
        `The server handed out ${what} that does not hold: ${error.message}. Nothing was taken of it.`,
        {
          cause: error,
        },
      )
    : error
