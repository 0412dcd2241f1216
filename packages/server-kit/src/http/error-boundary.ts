import type { ExtendableContext } from 'koa'
import { toErrorAnswer, toQsmError } from '../errors/error-answer.js'
import type { Logger } from '../log.js'
import { discardRest } from './discard-rest.js'

/** How a request ended whose client went away before the answer; for logs and metrics only (nginx's number). */
export const clientGone = 499

/** Whether nobody waits for the answer any more. */
export const isClientGone = (context: ExtendableContext): boolean =>
  context.req.socket.destroyed || (context.res.closed && !context.res.writableFinished)

/**
 * The one place where an error becomes an answer: known errors as the catalogue says, others as `internal` with nothing
 * of them inside. Errors of the server are logged with their stack. Returns the status.
 */
export const answerError = (
  context: ExtendableContext,
  thrown: unknown,
  options: { readonly log: Logger; readonly now: number; readonly requestId: string; readonly route: string },
): number => {
  if (isClientGone(context)) return clientGone
  const error = toQsmError(thrown)
  if (error.status >= 500) {
    const level = error.code === 'internal' ? 'error' : 'warn'
    const { requestId, route } = options
    options.log[level]({ requestId, route, code: error.code, err: error.cause ?? error }, 'request failed')
  }
  const answer = toErrorAnswer(error, options.requestId, new Date(options.now))
  context.status = answer.status
  if (answer.retryAfterSeconds !== undefined) context.set('Retry-After', String(answer.retryAfterSeconds))
  if (answer.status === 401) context.set('WWW-Authenticate', 'Bearer')
  if (error.details?.allow !== undefined) context.set('Allow', String(error.details.allow))
  context.body = answer.body
  discardRest(context.req, context.res)
  return answer.status
}
