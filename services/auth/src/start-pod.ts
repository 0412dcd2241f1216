import { openApiDocument } from '@qsm/contract/documents'
import {
  askQuantumHealth,
  documents,
  type Pod,
  packageVersion,
  poolerOf,
  prepareSchema,
  startPod,
  watchQuantum,
} from '@qsm/server-kit'
import { createAuthApp } from './app.js'
import type { AuthPodConfig } from './config.js'
import { authMigrations, authSchema, createAuthContext } from './context.js'

/**
 * Runs the auth service alone: its schema is brought up to date or waited for; other services read its account
 * feed over HTTP.
 */
export const startAuthPod = (config: AuthPodConfig, signal?: AbortSignal): Promise<Pod> =>
  startPod({ service: 'auth', config, signal }, async runtime => {
    const version = packageVersion(import.meta.url)
    await prepareSchema(config, runtime, { schema: authSchema, migrations: authMigrations })
    const { log, metrics, closing } = runtime
    const quantum = await watchQuantum({ check: askQuantumHealth(config.QUANTUM_API_URL), log, metrics })
    closing.add('quantum watch', async () => quantum.stop())
    const context = await createAuthContext({
      ...runtime,
      databaseUrl: config.DATABASE_URL,
      poolMax: config.DATABASE_POOL_MAX,
      pooler: poolerOf(config),
      refreshExpireDays: config.REFRESH_EXPIRE_DAYS,
      passwordHashConcurrency: config.PASSWORD_HASH_CONCURRENCY,
      environment: config.QSM_ENV,
      quantumReady: quantum.isReady,
    })
    const auth = createAuthApp(context)
    closing.add('auth', () => auth.close())
    return {
      groups: [auth.group],
      extra: [documents(openApiDocument(['auth'], { version, title: 'QSM auth service' }))],
      checks: { database: auth.ping },
    }
  })
