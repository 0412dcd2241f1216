import { openApiDocument } from '@qsm/contract/documents'
import {
  createBus,
  createHttpAccountFeed,
  createHttpApp,
  createLog,
  createMemoryRateLimits,
  createMetrics,
  createStopSequence,
  createTokens,
  documents,
  type Logger,
  listenHttp,
  migrate,
  packageVersion,
  startAdminServer,
  startPatienceMs,
  systemClock,
} from '@qsm/server-kit'
import { createQuantumApp } from './app.js'
import { perMinuteOf, type QuantumPodConfig } from './config.js'
import { createQuantumContext, quantumMigrations, quantumSchema } from './context.js'
import { openKek } from './kek/open-kek.js'

export interface QuantumPod {
  readonly port: number
  readonly adminPort: number
  readonly log: Logger
  /** Not ready, requests finished, database closed. */
  stop(): Promise<void>
}

/** Runs the quantum service alone: its schema is brought up to date, accounts come from the auth service at AUTH_URL. */
export const startPod = async (config: QuantumPodConfig): Promise<QuantumPod> => {
  const log = createLog({ service: 'quantum-crypto', level: config.LOG_LEVEL, format: config.LOG_FORMAT })
  const steps = createStopSequence(log)
  const clock = systemClock
  const metrics = createMetrics()
  const version = packageVersion(import.meta.url)
  const bus = createBus(config, { log, metrics })
  steps.add('bus', () => bus.close())
  const tokens = createTokens({
    secret: config.JWT_SECRET.reveal(),
    ...(config.JWT_SECRET_PREVIOUS ? { previousSecret: config.JWT_SECRET_PREVIOUS.reveal() } : {}),
    lifeMs: config.TOKEN_EXPIRE_MINUTES * 60_000,
    clock,
  })
  try {
    const { kek, close } = await openKek(config)
    steps.add('key-encryption key', async () => close())
    const url = config.DATABASE_URL.reveal()
    await migrate({ url, schema: quantumSchema, migrations: quantumMigrations, patienceMs: startPatienceMs })
    const quantum = await createQuantumApp(
      await createQuantumContext({
        databaseUrl: config.DATABASE_URL,
        poolMax: config.DATABASE_POOL_MAX,
        feed: createHttpAccountFeed({ authUrl: config.AUTH_URL, tokens, service: 'quantum-crypto' }),
        rateLimits: createMemoryRateLimits(),
        perMinute: perMinuteOf(config),
        retentionDays: config.MESSAGE_RETENTION_DAYS,
        signingThreads: config.QUANTUM_SIGNING_THREADS,
        ...{ tokens, bus, clock, log, metrics, kek, version },
      }),
    )
    steps.add('quantum', () => quantum.close())
    const app = createHttpApp({
      groups: [quantum.group],
      extra: [documents(openApiDocument(['quantum-crypto'], { version, title: 'QSM quantum service' }))],
      allowedOrigins: config.ALLOWED_ORIGINS,
      trustProxy: config.TRUST_PROXY,
      ...{ log, clock, metrics },
    })
    const http = await listenHttp(app, { host: config.HOST, port: config.PORT, variable: 'PORT' })
    steps.add('http', () => http.stop(config.DRAIN_SECONDS * 1_000))
    const admin = await startAdminServer({
      host: config.ADMIN_HOST,
      port: config.ADMIN_PORT,
      metrics,
      checks: { database: () => quantum.ping() },
    })
    steps.add('admin', () => admin.close())
    return {
      port: http.port,
      adminPort: admin.port,
      log,
      async stop() {
        admin.drain()
        await steps.run()
      },
    }
  } catch (error) {
    await steps.run()
    throw error
  }
}
