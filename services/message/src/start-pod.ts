import {
  createBus,
  createHttpAccountFeed,
  createHttpApp,
  createLog,
  createMemoryRateLimits,
  createMetrics,
  createStopSequence,
  createTokens,
  type Logger,
  listenHttp,
  migrate,
  refuseSockets,
  requireUpgrade,
  startAdminServer,
  startPatienceMs,
  systemClock,
} from '@qsm/server-kit'
import { createMessageApp } from './app.js'
import type { MessagePodConfig } from './config.js'
import { createMessageContext, messageMigrations, messageSchema } from './context.js'
import { createHttpManagedOperations } from './managed/http-managed-operations.js'

export interface MessagePod {
  readonly port: number
  readonly adminPort: number
  readonly log: Logger
  /** Not ready, sockets closed in waves, requests finished, database closed. */
  stop(): Promise<void>
}

const maxSocketDrainMs = 2_000

/** Runs the message service alone: its schema is brought up to date, accounts come from the auth service at AUTH_URL. */
export const startPod = async (config: MessagePodConfig): Promise<MessagePod> => {
  const log = createLog({ service: 'message', level: config.LOG_LEVEL })
  const steps = createStopSequence(log)
  const clock = systemClock
  const metrics = createMetrics()
  const bus = createBus(config, { log, metrics })
  steps.add('bus', () => bus.close())
  const tokens = createTokens({
    secret: config.JWT_SECRET.reveal(),
    ...(config.JWT_SECRET_PREVIOUS ? { previousSecret: config.JWT_SECRET_PREVIOUS.reveal() } : {}),
    lifeMs: config.TOKEN_EXPIRE_MINUTES * 60_000,
    clock,
  })
  try {
    const url = config.DATABASE_URL.reveal()
    await migrate({ url, schema: messageSchema, migrations: messageMigrations, patienceMs: startPatienceMs })
    const context = await createMessageContext({
      databaseUrl: config.DATABASE_URL,
      poolMax: config.DATABASE_POOL_MAX,
      feed: createHttpAccountFeed({ authUrl: config.AUTH_URL, tokens, service: 'message' }),
      quantum: createHttpManagedOperations({ quantumUrl: config.QUANTUM_URL, tokens }),
      rateLimits: createMemoryRateLimits(),
      retentionDays: config.MESSAGE_RETENTION_DAYS,
      ...{ tokens, bus, clock, log, metrics },
    })
    const message = await createMessageApp(context)
    steps.add('message', () => message.close())
    const app = createHttpApp({
      groups: [message.group],
      allowedOrigins: config.ALLOWED_ORIGINS,
      trustProxy: config.TRUST_PROXY,
      extra: [config.ENABLE_WEBSOCKET ? requireUpgrade : refuseSockets],
      ...{ log, clock, metrics },
    })
    const http = await listenHttp(app, { host: config.HOST, port: config.PORT, variable: 'PORT' })
    const drainMs = config.DRAIN_SECONDS * 1_000
    steps.add('http', () => http.stop(drainMs))
    if (config.ENABLE_WEBSOCKET) {
      message.sockets.attach(http.server, { allowedOrigins: config.ALLOWED_ORIGINS, maxSockets: config.MAX_SOCKETS })
    }
    const admin = await startAdminServer({
      host: config.ADMIN_HOST,
      port: config.ADMIN_PORT,
      metrics,
      checks: { database: () => context.database.ping() },
    })
    steps.add('admin', () => admin.close())
    return {
      port: http.port,
      adminPort: admin.port,
      log,
      async stop() {
        admin.drain()
        await message.sockets.drain(Math.min(maxSocketDrainMs, drainMs / 2))
        await steps.run()
      },
    }
  } catch (error) {
    await steps.run()
    throw error
  }
}
