import type { AuthApp } from '@qsm/auth'
import { openApiDocument } from '@qsm/contract/documents'
import { createMessageApp, createMessageContext, mainRoutes, type QuantumAccess, socketAccessOf } from '@qsm/message'
import { supportedSuites } from '@qsm/protocol'
import {
  createHttpApp,
  createTracing,
  documents,
  listenHttp,
  refuseSockets,
  requireUpgrade,
  type Secret,
  type Tokens,
} from '@qsm/server-kit'
import { version } from '../version.js'
import type { Runtime } from './runtime.js'

export interface MainApplication {
  readonly port: number
  /** Takes no more sockets and closes those that are open. */
  drain(): Promise<void>
}

export interface MainApplicationOptions {
  readonly auth: AuthApp
  readonly databaseUrl: Secret
  readonly tokens: Tokens
  /** Address of the quantum service that clients are told. */
  readonly quantumApi: string
  readonly quantumReady: () => boolean
  /** How the quantum service is asked for what managed devices do. */
  readonly quantum: QuantumAccess
}

/** Auth and message on one port with their documents, closed with the process. */
export const startMainApplication = async (
  runtime: Runtime,
  { auth, databaseUrl, tokens, quantumApi, quantumReady, quantum }: MainApplicationOptions,
): Promise<MainApplication> => {
  const { config, rateLimits, bus, presence, clock, log, metrics, checkAnswers } = runtime
  const tracing = await createTracing(config, { service: 'qsm-message', log })
  if (tracing) runtime.closing.add('tracing', () => tracing.close())
  const context = await createMessageContext({
    ...{ databaseUrl, tokens, quantum, rateLimits, bus, presence, clock, log, metrics, tracing },
    poolMax: config.DATABASE_POOL_MAX,
    feed: auth.feed,
    retentionDays: config.MESSAGE_RETENTION_DAYS,
  })
  const message = await createMessageApp(context)
  runtime.closing.add('message', () => message.close())

  const ownRoutes = mainRoutes({
    ...{ version, clock, bus, quantumReady, quantumApi },
    pingDatabase: auth.ping,
    websocketEnabled: config.ENABLE_WEBSOCKET,
    suites: supportedSuites,
  })
  const app = createHttpApp({
    ...{ log, clock, metrics, checkAnswers },
    allowedOrigins: config.ALLOWED_ORIGINS,
    trustProxy: config.TRUST_PROXY,
    groups: [{ ...auth.group, routes: ownRoutes }, auth.group, message.group],
    extra: [
      documents(openApiDocument(['main', 'auth', 'message'], { version, title: 'QSM' })),
      config.ENABLE_WEBSOCKET ? requireUpgrade : refuseSockets,
    ],
  })
  const http = await listenHttp(app, { host: config.HOST, port: config.PORT, variable: 'PORT' })
  const drainMs = config.DRAIN_SECONDS * 1_000
  runtime.closing.add('main port', () => http.stop(drainMs))
  if (config.ENABLE_WEBSOCKET) message.sockets.attach(http.server, socketAccessOf(config))
  return { port: http.port, drain: () => message.sockets.drain(drainMs) }
}
