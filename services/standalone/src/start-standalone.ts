import type { StandaloneConfig } from './config.js'
import { migrateSchemas, startDatabase } from './database.js'
import { jwtSecretOf } from './generated-secret.js'
import { startAuth } from './parts/auth.js'
import { startMainApplication } from './parts/main-application.js'
import { startQuantumService } from './parts/quantum-service.js'
import { type RunningProcess, type StartOptions, startAdmin, startParts, tokensFrom } from './parts/runtime.js'

export interface Standalone extends RunningProcess {
  readonly port: number
  readonly quantumPort: number
}

/** In one process it is slow at most, and a user waits for it as for the rest. */
const quantumDeadlineMs = 15_000

/** Everything in one process: database, migrations, the three apps, both ports and the admin port. */
export const startStandalone = (config: StandaloneConfig, options: StartOptions = {}): Promise<Standalone> =>
  startParts('qsm', config, options, async runtime => {
    const { log, closing, step } = runtime
    const database = await startDatabase(config, { ...options, log })
    closing.add('database', database.stop)
    if (database.embedded) step('embedded PostgreSQL is up')
    const migrations = await migrateSchemas(database.url, 'all')
    if (!database.embedded) step('PostgreSQL is reached')
    if (migrations.length > 0) step(`${migrations.length} migrations were run`)

    const tokens = tokensFrom(runtime, jwtSecretOf(config))
    // In one process there is no quantum service that could be away from the rest.
    const quantumReady = () => true
    const auth = await startAuth(runtime, { databaseUrl: database.url, tokens, quantumReady })
    const quantum = await startQuantumService(runtime, { databaseUrl: database.url, tokens, feed: auth.feed })
    const quantumApi = config.QUANTUM_PUBLIC_URL ?? config.QUANTUM_API_URL ?? `http://localhost:${quantum.port}`
    const main = await startMainApplication(runtime, {
      ...{ auth, tokens, quantumApi, quantumReady },
      databaseUrl: database.url,
      quantum: { run: quantum.app.runOperations, deadlineMs: quantumDeadlineMs },
    })
    const admin = await startAdmin(runtime, { port: config.ADMIN_PORT, checks: { database: auth.ping } })
    return {
      port: main.port,
      quantumPort: quantum.port,
      adminPort: admin.port,
      log,
      async stop() {
        admin.drain()
        void quantum.stopPort() // Beside the main port, so that a stop takes the time of one.
        await main.drain()
        await closing.run()
      },
    }
  })
