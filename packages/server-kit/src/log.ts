import { isatty } from 'node:tty'
import { type DestinationStream, type Logger, pino } from 'pino'
import { systemClock } from './clock.js'
import { logOutput, timeMember } from './log-output.js'
import { textLines } from './log-text.js'

export type { Logger }

export interface LogOptions {
  readonly service: string
  readonly level: string
  /** JSON for machines (the default), text for people; `auto` is text where standard output is a terminal. */
  readonly format?: 'auto' | 'json' | 'text'
  /** Where lines go; standard output where left out. */
  readonly destination?: DestinationStream
}

/** Whatever carries one of these names is never printed, wherever it stands in a log line. */
const secretNames = [
  'authorization',
  'cookie',
  'password',
  'new_password',
  'current_password',
  'token',
  'access_token',
  'refresh_token',
  'ticket',
  'secret',
  'secretKey',
  'key',
]

interface LoggedError {
  readonly type: string
  readonly message: string
  readonly code?: unknown
  readonly stack?: string | undefined
  readonly cause?: LoggedError
}

const standardOutput = 1
const maxCauses = 5

/**
 * Of an error only what says where it happened: those of the database also carry the statement's values, and with them
 * hashes, addresses and ciphertexts.
 */
const loggedError = (error: unknown, depth = 0): LoggedError => {
  if (!(error instanceof Error)) return { type: typeof error, message: String(error) }
  const { name, message, stack, cause } = error
  const { code } = error as { code?: unknown }
  return {
    type: name,
    message,
    ...(code === undefined ? {} : { code }),
    stack,
    ...(cause === undefined || depth >= maxCauses ? {} : { cause: loggedError(cause, depth + 1) }),
  }
}

/**
 * One line for each event, with secrets redacted by name. Lines are written while the process goes on; what is left is
 * written when it ends.
 */
export const createLog = (options: LogOptions): Logger => {
  const { format, destination } = options
  const output = destination ?? logOutput()
  const isText = format === 'text' || (format === 'auto' && destination === undefined && isatty(standardOutput))
  return pino(
    {
      level: options.level,
      base: { service: options.service },
      timestamp: () => timeMember(systemClock.now()),
      redact: { paths: secretNames.flatMap(name => [name, `*.${name}`, `*.*.${name}`]), censor: '[redacted]' },
      serializers: { err: error => loggedError(error) },
    },
    isText ? textLines(output) : output,
  )
}
