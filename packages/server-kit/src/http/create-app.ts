import Koa, { type DefaultState, type ExtendableContext, type Middleware } from 'koa'
import type { Clock } from '../clock.js'
import { QsmError } from '../errors/qsm-error.js'
import type { Logger } from '../log.js'
import type { Metrics } from '../metrics/registry.js'
import { setAnswerHeaders } from './answer-headers.js'
import { crossOrigin } from './cross-origin.js'
import { entry } from './entry.js'
import type { RouteGroup } from './route.js'
import { RouteTable } from './route-table.js'
import { runRoute } from './run-route.js'

export interface HttpAppOptions {
  readonly groups: readonly RouteGroup[]
  readonly log: Logger
  readonly clock: Clock
  readonly metrics: Metrics
  readonly allowedOrigins: readonly string[]
  readonly trustProxy: boolean
  /** Holds every answer against its contract; for tests. */
  readonly checkAnswers?: boolean
  /** Middleware that answers paths of its own, such as the documents; asked where no route has the path. */
  readonly extra?: readonly Middleware[]
}

type Context = ExtendableContext & { readonly state: DefaultState }

/** The end of the line: a path that nobody has, or one that has other methods. */
const unmatched = (routes: RouteTable): Middleware =>
  async function unmatchedPath(context) {
    const methods = routes.methodsOf(context.path).join(', ')
    if (methods === '') throw new QsmError('not_found', 'There is no such path; GET /docs lists all.')
    if (context.method !== 'OPTIONS') {
      throw new QsmError('method_not_allowed', `This path takes ${methods}.`, { details: { allow: methods } })
    }
    context.set('Allow', methods)
    context.status = 204
  }

/**
 * The Koa app over the routes of one or several services. The order is fixed: request id, security headers, error
 * boundary, log and metrics, CORS, path, caller, limit, path and query values, body, handler, answer.
 */
export const createHttpApp = (options: HttpAppOptions): Koa => {
  const app = new Koa({ proxy: options.trustProxy, maxIpsCount: 1 })
  const now = () => options.clock.now()
  const routes = new RouteTable(options.groups)
  const run = { checkAnswers: options.checkAnswers === true, log: options.log, now }
  const answer = (context: Context): Promise<void> | undefined => {
    const found = routes.find(context.method, context.path)
    if (!found) return undefined
    context.state.routePattern = found.bound.contract.path
    return runRoute(context, found, run)
  }
  // Only what comes from a page of another origin has to go through CORS.
  const answerAtOnce = (context: Context) => (context.req.headers.origin === undefined ? answer(context) : undefined)
  app.use(entry({ log: options.log, metrics: options.metrics, now, answerAtOnce }))
  app.use(function setHeaders(context, next) {
    setAnswerHeaders(context.res, context.state.requestId as string)
    return next()
  })
  app.use(crossOrigin(options.allowedOrigins))
  app.use((context, next) => answer(context) ?? next())
  for (const middleware of options.extra ?? []) app.use(middleware)
  app.use(unmatched(routes))
  app.on('error', (error: NodeJS.ErrnoException) => {
    // A client that went away while its answer was written is no fault of the server.
    if (error.code !== 'ECONNRESET' && error.code !== 'EPIPE') options.log.error({ err: error }, 'answer failed')
  })
  return app
}
