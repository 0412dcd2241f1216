import { createAuthApp, createAuthContext } from '@qsm/auth'
import { openApiDocument } from '@qsm/contract/documents'
import { createMessageApp, createMessageContext } from '@qsm/message'
import { supportedSuites } from '@qsm/protocol'
import { createQuantumApp } from '@qsm/quantum-crypto'
import {
  createHttpApp,
  createLog,
  createMemoryBus,
  createMemoryRateLimits,
  createMetrics,
  createStopSequence,
  createTokens,
  documents,
  type Logger,
  listenHttp,
  requireUpgrade,
  startAdminServer,
  systemClock,
} from '@qsm/server-kit'
import type { StandaloneConfig } from './config.js'
import { migrateAll, startDatabase } from './database.js'
import { generatedJwtSecret } from './generated-secret.js'
import { config as publicConfig } from './routes/get-config.js'
import { health } from './routes/get-health.js'
import { root } from './routes/get-root.js'
import { version } from './version.js'

export interface Standalone {
  readonly port: number
  readonly quantumPort: number
  readonly adminPort: number
  readonly log: Logger
  /** Not ready, sockets closed in waves, requests finished, database closed. */
  stop(): Promise<void>
}

export interface StandaloneOptions {
  /** Told each step, for people who wait. */
  readonly onStep?: (step: string) => void
  /** Holds every answer against its contract; for tests. */
  readonly checkAnswers?: boolean
}

/** Everything in one process: database, migrations, the three apps, both ports and the admin port. */
export const startStandalone = async (
  config: StandaloneConfig,
  options: StandaloneOptions = {},
): Promise<Standalone> => {
  const step = options.onStep ?? (() => {})
  const log = createLog({ service: 'qsm', level: config.LOG_LEVEL, format: config.LOG_FORMAT })
  const closing = createStopSequence(log)
  try {
    const database = await startDatabase(config)
    closing.add('database', database.stop)
    step(database.embedded ? 'embedded PostgreSQL is up' : 'PostgreSQL is reached')
    const migrations = await migrateAll(database.url)
    if (migrations.length > 0) step(`${migrations.length} migrations were run`)

    const clock = systemClock
    const metrics = createMetrics()
    const bus = createMemoryBus(error => log.error({ err: error }, 'a hint was not handled'))
    closing.add('bus', () => bus.close())
    const rateLimits = createMemoryRateLimits()
    const tokens = createTokens({
      secret: config.JWT_SECRET?.reveal() ?? generatedJwtSecret(config.QSM_DATA_DIR),
      ...(config.JWT_SECRET_PREVIOUS ? { previousSecret: config.JWT_SECRET_PREVIOUS.reveal() } : {}),
      lifeMs: config.TOKEN_EXPIRE_MINUTES * 60_000,
      clock,
    })
    const shared = {
      databaseUrl: database.url,
      poolMax: config.DATABASE_POOL_MAX,
      tokens,
      rateLimits,
      bus,
      clock,
      log,
      metrics,
    }
    const auth = createAuthApp(
      await createAuthContext({
        ...shared,
        refreshExpireDays: config.REFRESH_EXPIRE_DAYS,
        passwordHashConcurrency: config.PASSWORD_HASH_CONCURRENCY,
        environment: config.QSM_ENV,
      }),
    )
    closing.add('auth', () => auth.close())
    const message = await createMessageApp(
      await createMessageContext({
        ...shared,
        feed: auth.feed,
        retentionDays: config.MESSAGE_RETENTION_DAYS,
        managedOperations: null,
      }),
    )
    closing.add('message', () => message.close())
    const quantum = await createQuantumApp({ tokens, clock, version })
    step('the algorithms passed their self-test')

    const http = {
      log,
      clock,
      metrics,
      allowedOrigins: config.ALLOWED_ORIGINS,
      trustProxy: config.TRUST_PROXY,
      checkAnswers: options.checkAnswers === true,
    }
    const quantumApp = createHttpApp({
      ...http,
      groups: [quantum.group],
      extra: [documents(openApiDocument(['quantum-crypto'], { version, title: 'QSM quantum service' }))],
    })
    const quantumServer = await listenHttp(quantumApp, {
      host: config.HOST,
      port: config.QUANTUM_PORT,
      variable: 'QUANTUM_PORT',
    })
    closing.add('quantum port', () => quantumServer.stop(1_000))
    const main = [
      root(version),
      health({ version, clock, pingDatabase: auth.ping }),
      publicConfig({
        quantumApi: config.QUANTUM_API_URL ?? `http://localhost:${quantumServer.port}`,
        websocketEnabled: config.ENABLE_WEBSOCKET,
        suites: supportedSuites,
      }),
    ]
    const mainApp = createHttpApp({
      ...http,
      groups: [{ ...auth.group, routes: main }, auth.group, message.group],
      extra: [
        documents(openApiDocument(['main', 'auth', 'message'], { version, title: 'QSM' })),
        ...(config.ENABLE_WEBSOCKET ? [requireUpgrade] : []),
      ],
    })
    const mainServer = await listenHttp(mainApp, { host: config.HOST, port: config.PORT, variable: 'PORT' })
    const drainMs = config.DRAIN_SECONDS * 1_000
    closing.add('main port', () => mainServer.stop(drainMs))
    if (config.ENABLE_WEBSOCKET) {
      message.sockets.attach(mainServer.server, {
        allowedOrigins: config.ALLOWED_ORIGINS,
        maxSockets: config.MAX_SOCKETS,
      })
    }
    const admin = await startAdminServer({
      host: config.ADMIN_HOST,
      port: config.ADMIN_PORT,
      metrics,
      checks: { database: auth.ping },
    })
    closing.add('admin port', () => admin.close())
    return {
      port: mainServer.port,
      quantumPort: quantumServer.port,
      adminPort: admin.port,
      log,
      async stop() {
        admin.drain()
        await message.sockets.drain(Math.min(2_000, drainMs / 2))
        await closing.run()
      },
    }
  } catch (error) {
    await closing.run()
    throw error
  }
}
