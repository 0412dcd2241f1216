import { openApiDocument } from '@qsm/contract/documents'
import {
  createHttpAccountFeed,
  documents,
  type Pod,
  packageVersion,
  poolerOf,
  prepareSchema,
  startPod,
} from '@qsm/server-kit'
import { createQuantumApp } from './app.js'
import { perMinuteOf, type QuantumPodConfig } from './config.js'
import { createQuantumContext, quantumMigrations, quantumSchema } from './context.js'
import { openKek } from './kek/open-kek.js'

/**
 * Runs the quantum service alone: its schema is brought up to date or waited for, accounts come from the auth
 * service at AUTH_URL.
 */
export const startQuantumPod = (config: QuantumPodConfig, signal?: AbortSignal): Promise<Pod> =>
  startPod({ service: 'quantum-crypto', config, signal }, async runtime => {
    const version = packageVersion(import.meta.url)
    const { kek, close } = await openKek(config)
    runtime.closing.add('key-encryption key', async () => close())
    await prepareSchema(config, runtime, { schema: quantumSchema, migrations: quantumMigrations })
    const { tokens } = runtime
    const quantum = await createQuantumApp(
      await createQuantumContext({
        ...runtime,
        ...{ kek, version },
        databaseUrl: config.DATABASE_URL,
        poolMax: config.DATABASE_POOL_MAX,
        pooler: poolerOf(config),
        feed: createHttpAccountFeed({ authUrl: config.AUTH_URL, tokens, service: 'quantum-crypto' }),
        perMinute: perMinuteOf(config),
        retentionDays: config.MESSAGE_RETENTION_DAYS,
        signingThreads: config.QUANTUM_SIGNING_THREADS,
        wasmBuild: config.QUANTUM_WASM_BUILD,
      }),
    )
    runtime.closing.add('quantum', () => quantum.close())
    return {
      groups: [quantum.group],
      extra: [documents(openApiDocument(['quantum-crypto'], { version, title: 'QSM quantum service' }))],
      checks: { database: () => quantum.ping() },
    }
  })
