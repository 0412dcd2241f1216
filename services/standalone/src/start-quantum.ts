import { createHttpAccountFeed, type Secret } from '@qsm/server-kit'
import type { StandaloneConfig } from './config.js'
import { migrateSchemas } from './database.js'
import { findDatabase } from './parts/find-database.js'
import { findJwtSecret } from './parts/find-secret.js'
import { startQuantumService } from './parts/quantum-service.js'
import { type RunningProcess, type StartOptions, startAdmin, startParts, tokensFrom } from './parts/runtime.js'

export interface QuantumProcess extends RunningProcess {
  readonly quantumPort: number
  /** The database that it has found. */
  readonly databaseUrl: Secret
}

/** The quantum service as a process of its own. It waits for database and secret, which the main application owns. */
export const startQuantum = (config: StandaloneConfig, options: StartOptions = {}): Promise<QuantumProcess> =>
  startParts('qsm-quantum', config, options, async runtime => {
    const { log, closing, step } = runtime
    const databaseUrl = await findDatabase(config, options)
    step('the database answers')
    const migrations = await migrateSchemas(databaseUrl, 'quantum')
    if (migrations.length > 0) step(`${migrations.length} migrations were run`)
    const tokens = tokensFrom(runtime, await findJwtSecret(config, options))
    const authUrl = config.AUTH_URL ?? `http://127.0.0.1:${config.PORT}`
    const feed = createHttpAccountFeed({ authUrl, tokens, service: 'quantum-crypto' })
    const quantum = await startQuantumService(runtime, { databaseUrl, tokens, feed })
    const admin = await startAdmin(runtime, {
      port: config.QUANTUM_ADMIN_PORT,
      variable: 'QUANTUM_ADMIN_PORT',
      checks: { database: () => quantum.app.ping() },
    })
    return {
      quantumPort: quantum.port,
      databaseUrl,
      adminPort: admin.port,
      log,
      async stop() {
        admin.drain()
        await closing.run()
      },
    }
  })
