import { type Logger, pino } from 'pino'

export type { Logger }

/** Whatever carries one of these names is never printed, wherever it stands in a log line. */
const secretNames = [
  'authorization',
  'cookie',
  'password',
  'token',
  'access_token',
  'refresh_token',
  'ticket',
  'secret',
  'key',
]

/** JSON lines on standard output, one for each event, with secrets redacted by name. */
export const createLog = (options: { readonly service: string; readonly level: string }): Logger =>
  pino({
    level: options.level,
    base: { service: options.service },
    timestamp: pino.stdTimeFunctions.isoTime,
    redact: { paths: secretNames.flatMap(name => [name, `*.${name}`, `*.*.${name}`]), censor: '[redacted]' },
    serializers: { err: pino.stdSerializers.err },
  })
