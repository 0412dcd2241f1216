import type { DefaultState, ExtendableContext, Middleware } from 'koa'
import { QsmError } from '../errors/qsm-error.js'
import { newId } from '../ids.js'
import type { Logger } from '../log.js'
import type { Metrics } from '../metrics/registry.js'
import { setAnswerHeaders } from './answer-headers.js'
import { answerError, clientGone, isClientGone } from './error-boundary.js'

const requestIdForm = /^[A-Za-z0-9._-]{1,64}$/
/** Asked every few seconds by supervisors and by other services; only trouble is worth a line. */
const healthRoute = '/api/health'
const tokenNames = ['token', 'access_token', 'refresh_token', 'ticket', 'jwt']

/** A token in a URL ends up in logs of proxies and in histories, so it is refused even where it would do no harm. */
const refuseTokensInUrl = (querystring: string): void => {
  if (querystring === '') return
  const query = new URLSearchParams(querystring)
  if (tokenNames.some(name => query.has(name))) {
    throw new QsmError(
      'bad_request',
      'Tokens never go into a URL: use the Authorization header or a ticket as subprotocol.',
    )
  }
}

const refuseMalformedPath = (path: string): void => {
  if (!path.includes('%')) return
  try {
    if (!decodeURIComponent(path).includes('\0')) return
  } catch (cause) {
    throw new QsmError('bad_request', 'The path holds a malformed percent-encoding.', { cause })
  }
  throw new QsmError('bad_request', 'The path holds a NUL character.')
}

export interface EntryOptions {
  readonly log: Logger
  readonly metrics: Metrics
  readonly now: () => number
  /** Answers what needs no other middleware; undefined where it does. */
  readonly answerAtOnce: (context: ExtendableContext & { readonly state: DefaultState }) => Promise<void> | undefined
}

/**
 * The outermost middleware, all in one since each layer costs: request id, security headers, the error boundary, one log
 * line and one observation for each request. Only listed fields are logged: no query, no header, no body, no address.
 */
export const entry = ({ log, metrics, now, answerAtOnce }: EntryOptions): Middleware => {
  // Every field of the line is chosen here, and looking for secrets in it costs ten times the line.
  const lines = log.child({}, { redact: [] })
  const duration = metrics.histogram({
    name: 'qsm_http_request_duration_seconds',
    help: 'Time from the arrival of a request to its answer.',
    labelNames: ['method', 'route', 'status'],
    buckets: [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5],
  })
  // Finding a metric by its three labels costs more than the observation, so the found ones are kept.
  const observers = new Map<string, { observe(seconds: number): void }>()
  const observe = (method: string, route: string, status: number, seconds: number) => {
    const name = `${method} ${status} ${route}`
    let observer = observers.get(name)
    if (!observer) {
      observer = duration.labels(method, route, String(status))
      observers.set(name, observer)
    }
    observer.observe(seconds)
  }
  return async function entry(context, next) {
    const begun = performance.now()
    const given = context.req.headers['x-request-id']
    const requestId = typeof given === 'string' && requestIdForm.test(given) ? given : newId()
    context.state.requestId = requestId
    let status: number
    try {
      refuseTokensInUrl(context.querystring)
      refuseMalformedPath(context.path)
      await (answerAtOnce(context) ?? next())
      status = !context.res.headersSent && isClientGone(context) ? clientGone : context.status
    } catch (thrown) {
      setAnswerHeaders(context.res, requestId)
      const route = (context.state.routePattern as string | undefined) ?? 'none'
      status = answerError(context, thrown, { log, now: now(), requestId, route })
    }
    const route = (context.state.routePattern as string | undefined) ?? 'none'
    const ms = performance.now() - begun
    observe(context.method, route, status, ms / 1000)
    const level = status === 200 && route === healthRoute ? 'debug' : 'info'
    lines[level]({ requestId, method: context.method, route, status, ms: Math.round(ms * 10) / 10 }, 'request')
  }
}
