import Router from '@koa/router'
import Koa, { type Middleware } from 'koa'
import type { Clock } from '../clock.js'
import { QsmError } from '../errors/qsm-error.js'
import type { Logger } from '../log.js'
import type { Metrics } from '../metrics/registry.js'
import { crossOrigin } from './cross-origin.js'
import { entry } from './entry.js'
import type { RouteGroup } from './route.js'
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
  /** Middleware that answers paths of its own, such as the documents. */
  readonly extra?: readonly Middleware[]
}

const koaPath = (path: string): string => path.replaceAll(/\{([a-z_]+)\}/g, ':$1')

/** The end of the line: a path that nobody has, or one that has other methods. */
const unmatched = (router: Router): Middleware =>
  async function unmatchedPath(context) {
    const { path } = router.match(context.path, context.method)
    const methods = [...new Set(path.flatMap(layer => layer.methods))].join(', ')
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
  const router = new Router()
  const run = { checkAnswers: options.checkAnswers === true, log: options.log, now }
  for (const group of options.groups) {
    for (const bound of group.routes) {
      const { method, path } = bound.contract
      router[method](koaPath(path), context => {
        context.state.routePattern = path
        return runRoute(context, bound, group, run)
      })
    }
  }
  app.use(entry({ log: options.log, metrics: options.metrics, now }))
  app.use(crossOrigin(options.allowedOrigins))
  for (const middleware of options.extra ?? []) app.use(middleware)
  app.use(router.routes())
  app.use(unmatched(router))
  app.on('error', (error: NodeJS.ErrnoException) => {
    // A client that went away while its answer was written is no fault of the server.
    if (error.code !== 'ECONNRESET' && error.code !== 'EPIPE') options.log.error({ err: error }, 'answer failed')
  })
  return app
}
