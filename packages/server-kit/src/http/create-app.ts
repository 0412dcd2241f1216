import cors from '@koa/cors'
import Router from '@koa/router'
import Koa, { type Middleware } from 'koa'
import helmet from 'koa-helmet'
import type { Clock } from '../clock.js'
import { QsmError } from '../errors/qsm-error.js'
import type { Logger } from '../log.js'
import type { Metrics } from '../metrics/registry.js'
import { errorBoundary } from './error-boundary.js'
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

/** `*` allows every origin; else an origin must be listed, letter by letter. */
export const originAllowed = (allowed: readonly string[], origin: string): boolean =>
  allowed.includes('*') || allowed.includes(origin)

const corsFor = (allowed: readonly string[]): Middleware =>
  cors({
    origin: context => (originAllowed(allowed, context.get('Origin')) ? context.get('Origin') : ''),
    exposeHeaders: ['X-Request-Id', 'Retry-After'],
    maxAge: 600,
  })

const timed = (metrics: Metrics): Middleware => {
  const duration = metrics.histogram({
    name: 'qsm_http_request_duration_seconds',
    help: 'Time from the arrival of a request to its answer.',
    labelNames: ['method', 'route', 'status'],
    buckets: [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5],
  })
  return async function timing(context, next) {
    const begun = process.hrtime.bigint()
    await next()
    const seconds = Number(process.hrtime.bigint() - begun) / 1e9
    const route = (context.state.routePattern as string | undefined) ?? 'none'
    duration.observe({ method: context.method, route, status: context.status }, seconds)
  }
}

const unmatched = (router: Router): Middleware =>
  async function unmatchedPath(context) {
    const { path } = router.match(context.path, context.method)
    const methods = [...new Set(path.flatMap(layer => layer.methods))]
    if (methods.length > 0) {
      throw new QsmError('method_not_allowed', `This path takes ${methods.join(', ')}.`, { details: { allow: methods.join(', ') } })
    }
    throw new QsmError('not_found', 'There is no such path; GET /docs lists all.')
  }

const wellFormedPath: Middleware = async function wellFormed(context, next) {
  try {
    decodeURIComponent(context.path)
  } catch (cause) {
    throw new QsmError('bad_request', 'The path holds a malformed percent-encoding.', { cause })
  }
  if (context.path.includes('%00')) throw new QsmError('bad_request', 'The path holds a NUL character.')
  await next()
}

/** The Koa app over the routes of one or several services. */
export const createHttpApp = (options: HttpAppOptions): Koa => {
  const app = new Koa({ proxy: options.trustProxy, maxIpsCount: 1 })
  const now = () => options.clock.now()
  const router = new Router()
  const run = { checkAnswers: options.checkAnswers === true, log: options.log, now }
  for (const group of options.groups) {
    for (const bound of group.routes) {
      const { method, path } = bound.contract
      router[method](koaPath(path), async context => {
        context.state.routePattern = path
        await runRoute(context, bound, group, run)
      })
    }
  }
  app.use(timed(options.metrics))
  app.use(helmet())
  app.use(errorBoundary({ log: options.log, now }))
  app.use(corsFor(options.allowedOrigins))
  app.use(wellFormedPath)
  for (const middleware of options.extra ?? []) app.use(middleware)
  app.use(router.routes())
  app.use(unmatched(router))
  app.on('error', (error: NodeJS.ErrnoException) => {
    // A client that went away while its answer was written is no fault of the server.
    if (error.code !== 'ECONNRESET' && error.code !== 'EPIPE') options.log.error({ err: error }, 'answer failed')
  })
  return app
}
