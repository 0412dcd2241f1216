import type { Middleware } from 'koa'
import { toErrorAnswer, toQsmError } from '../errors/error-answer.js'
import { QsmError } from '../errors/qsm-error.js'
import { newId } from '../ids.js'
import type { Logger } from '../log.js'

const requestIdForm = /^[A-Za-z0-9._-]{1,64}$/
const tokenNames = ['token', 'access_token', 'refresh_token', 'ticket', 'jwt']

const refuseTokensInUrl = (querystring: string): void => {
  if (querystring === '') return
  const query = new URLSearchParams(querystring)
  if (tokenNames.some(name => query.has(name))) {
    throw new QsmError('bad_request', 'Tokens never go into a URL: use the Authorization header or a ticket as subprotocol.')
  }
}

/** The outermost middleware: a request id, and one form for every error. */
export const errorBoundary = (options: { readonly log: Logger; readonly now: () => number }): Middleware => {
  return async function boundary(context, next) {
    const given = context.get('x-request-id')
    const requestId = requestIdForm.test(given) ? given : newId()
    context.state.requestId = requestId
    context.set('X-Request-Id', requestId)
    context.set('Cache-Control', 'no-store')
    try {
      refuseTokensInUrl(context.querystring)
      await next()
    } catch (thrown) {
      const error = toQsmError(thrown)
      if (error.status >= 500) {
        const level = error.code === 'internal' ? 'error' : 'warn'
        options.log[level]({ requestId, code: error.code, route: context.state.routePattern, err: error.cause ?? error }, 'request failed')
      }
      const answer = toErrorAnswer(error, requestId, new Date(options.now()))
      context.status = answer.status
      if (answer.retryAfterSeconds !== undefined) context.set('Retry-After', String(answer.retryAfterSeconds))
      if (answer.status === 401) context.set('WWW-Authenticate', 'Bearer')
      if (answer.status === 413 || answer.status === 415) context.set('Connection', 'close')
      if (error.details?.allow) context.set('Allow', String(error.details.allow))
      context.body = answer.body
    }
  }
}
