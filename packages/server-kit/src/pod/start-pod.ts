import type { Server } from 'node:http'
import { startAdminServer } from '../admin/admin-server.js'
import type { Bus } from '../bus/bus.js'
import { createBus } from '../bus/create-bus.js'
import { type Clock, systemClock } from '../clock.js'
import type { environmentVariables, httpVariables, redisVariables, tokenVariables } from '../config/shared-variables.js'
import type { ConfigOf } from '../config/variables.js'
import { createHttpApp, type HttpAppOptions } from '../http/create-app.js'
import type { RouteGroup } from '../http/route.js'
import { listenHttp } from '../lifecycle/listen.js'
import { createStopSequence, type StopSequence } from '../lifecycle/stop-sequence.js'
import { createLimits, type Limits } from '../limits/create-limits.js'
import { createLog, type Logger } from '../log.js'
import { createMetrics, type Metrics } from '../metrics/registry.js'
import { createPresence } from '../presence/create-presence.js'
import type { Presence } from '../presence/presence.js'
import { createTokens, type Tokens } from '../tokens/access-tokens.js'

/** What every pod is told. */
export interface PodConfig
  extends ConfigOf<typeof environmentVariables>,
    ConfigOf<typeof httpVariables>,
    ConfigOf<typeof redisVariables>,
    ConfigOf<typeof tokenVariables> {
  readonly HOST: string
  readonly PORT: number
}

/** What the parts of a pod work with. */
export interface PodRuntime extends Pick<Limits, 'rateLimits' | 'failureWaits'> {
  readonly log: Logger
  readonly clock: Clock
  readonly metrics: Metrics
  readonly bus: Bus
  readonly tokens: Tokens
  readonly presence: Presence
  /** Aborted where the pod is told to stop before it has started. */
  readonly signal: AbortSignal
  /** What is opened is added here, to be closed with the pod. */
  readonly closing: StopSequence
}

export interface PodParts {
  readonly groups: readonly RouteGroup[]
  readonly extra: NonNullable<HttpAppOptions['extra']>
  /** What must answer before traffic is taken. */
  readonly checks: Readonly<Record<string, () => Promise<void>>>
  /** Takes what is no request: upgrades. */
  attach?(server: Server): void
  /** Before requests are finished, which may take `drainMs`: closes sockets. */
  drain?(drainMs: number): Promise<void>
}

export interface PodOptions {
  readonly service: string
  readonly config: PodConfig
  /** Ends the start where it is aborted before the pod is there. */
  readonly signal?: AbortSignal | undefined
}

export interface Pod {
  readonly port: number
  readonly adminPort: number
  readonly log: Logger
  /** Not ready, sockets closed in waves, requests finished, all that was opened closed. */
  stop(): Promise<void>
}

const notStarted = () => Promise.reject(new Error('the pod is starting'))

const rejectOn = (signal: AbortSignal): Promise<never> =>
  new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason), { once: true }))

/**
 * Runs one service alone. The admin port is open from the beginning, and not ready until all is there: a start may wait
 * for the database as long as it takes. `build` makes the parts; where it or a port fails, or `signal` is aborted, what
 * was opened is closed again.
 */
export const startPod = async (
  { service, config, signal = new AbortController().signal }: PodOptions,
  build: (runtime: PodRuntime) => Promise<PodParts>,
): Promise<Pod> => {
  const log = createLog({ service, level: config.LOG_LEVEL, format: config.LOG_FORMAT })
  const closing = createStopSequence(log)
  const clock = systemClock
  const metrics = createMetrics()
  const bus = createBus(config, { log, metrics })
  closing.add('bus', () => bus.close())
  const presence = createPresence(config, log)
  closing.add('presence', () => presence.close())
  const { close: closeLimits, ...limits } = createLimits(config, config.JWT_SECRET.reveal(), { log, metrics, clock })
  closing.add('limits', closeLimits)
  const tokens = createTokens({
    secret: config.JWT_SECRET.reveal(),
    ...(config.JWT_SECRET_PREVIOUS ? { previousSecret: config.JWT_SECRET_PREVIOUS.reveal() } : {}),
    lifeMs: config.TOKEN_EXPIRE_MINUTES * 60_000,
    clock,
  })
  try {
    const checks: Record<string, () => Promise<void>> = { start: notStarted }
    const { ADMIN_HOST: host, ADMIN_PORT: port } = config
    const admin = await startAdminServer({ host, port, metrics, checks })
    closing.add('admin', () => admin.close())
    const runtime = { ...limits, log, clock, metrics, bus, tokens, presence, signal, closing }
    const parts = await Promise.race([build(runtime), rejectOn(signal)])
    const app = createHttpApp({
      groups: parts.groups,
      extra: parts.extra,
      allowedOrigins: config.ALLOWED_ORIGINS,
      trustProxy: config.TRUST_PROXY,
      checkAnswers: config.QSM_ENV === 'test',
      ...{ log, clock, metrics },
    })
    const drainMs = config.DRAIN_SECONDS * 1_000
    const http = await listenHttp(app, { host: config.HOST, port: config.PORT, variable: 'PORT' })
    closing.add('http', () => http.stop(drainMs))
    parts.attach?.(http.server)
    delete checks.start
    Object.assign(checks, parts.checks)
    return {
      port: http.port,
      adminPort: admin.port,
      log,
      async stop() {
        admin.drain()
        await parts.drain?.(drainMs)
        await closing.run()
      },
    }
  } catch (error) {
    await closing.run()
    throw error
  }
}
