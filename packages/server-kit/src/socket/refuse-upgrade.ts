import { STATUS_CODES } from 'node:http'
import type { Duplex } from 'node:stream'
import { toErrorAnswer, toQsmError } from '../errors/error-answer.js'
import { newId } from '../ids.js'
import type { Logger } from '../log.js'

const hangUpMs = 5_000

/** Answers an upgrade as plain HTTP, in the form of all errors, and closes the connection. Returns the error's code. */
export const refuseUpgrade = (
  connection: Duplex,
  thrown: unknown,
  options: { readonly now: number; readonly log: Logger },
): string => {
  const error = toQsmError(thrown)
  const requestId = newId()
  if (error.code === 'internal') options.log.error({ requestId, err: error.cause ?? error }, 'upgrade failed')
  const answer = toErrorAnswer(error, requestId, new Date(options.now))
  const body = JSON.stringify(answer.body)
  const head = [
    `HTTP/1.1 ${answer.status} ${STATUS_CODES[answer.status]}`,
    'Content-Type: application/json; charset=utf-8',
    `Content-Length: ${Buffer.byteLength(body)}`,
    `X-Request-Id: ${requestId}`,
    ...(answer.status === 401 ? ['WWW-Authenticate: Bearer'] : []),
    ...(answer.retryAfterSeconds === undefined ? [] : [`Retry-After: ${answer.retryAfterSeconds}`]),
    'Connection: close',
  ]
  connection.end(`${head.join('\r\n')}\r\n\r\n${body}`)
  // Who does not hang up in turn would keep the connection, and its place, for ever.
  const cut = setTimeout(() => connection.destroy(), hangUpMs).unref()
  connection.once('close', () => clearTimeout(cut))
  return error.code
}
