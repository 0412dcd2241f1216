import { createHttpManagedOperations } from '@qsm/message'
import { askQuantumHealth, watchQuantum } from '@qsm/server-kit'
import type { StandaloneConfig } from './config.js'
import { migrateSchemas, startDatabase } from './database.js'
import { jwtSecretOf } from './generated-secret.js'
import { startAuth } from './parts/auth.js'
import { startMainApplication } from './parts/main-application.js'
import { type RunningProcess, type StartOptions, startAdmin, startParts, tokensFrom } from './parts/runtime.js'

export interface MainProcess extends RunningProcess {
  readonly port: number
}

/**
 * The main application as a process of its own: auth and message. It owns the embedded database and the generated secrets;
 * the quantum service at QUANTUM_API_URL may come and go.
 */
export const startMain = (config: StandaloneConfig, options: StartOptions = {}): Promise<MainProcess> =>
  startParts('qsm-main', config, options, async runtime => {
    const { log, metrics, closing, step } = runtime
    const secret = jwtSecretOf(config) // Before the database is told of: who finds that finds this too.
    const database = await startDatabase(config, { ...options, log })
    closing.add('database', database.stop)
    if (database.embedded) step('embedded PostgreSQL is up')
    const migrations = await migrateSchemas(database.url, 'main')
    if (!database.embedded) step('PostgreSQL is reached')
    if (migrations.length > 0) step(`${migrations.length} migrations were run`)

    const quantumUrl = config.QUANTUM_API_URL ?? `http://127.0.0.1:${config.QUANTUM_PORT}`
    const watch = await watchQuantum({ check: askQuantumHealth(quantumUrl), log, metrics })
    closing.add('quantum watch', watch.stop)
    step(watch.isReady() ? `the quantum service at ${quantumUrl} answers` : `no quantum service at ${quantumUrl} yet`)
    const tokens = tokensFrom(runtime, secret)
    const quantumReady = watch.isReady
    const auth = await startAuth(runtime, { databaseUrl: database.url, tokens, quantumReady })
    const quantumApi = config.QUANTUM_PUBLIC_URL ?? config.QUANTUM_API_URL ?? `http://localhost:${config.QUANTUM_PORT}`
    const main = await startMainApplication(runtime, {
      ...{ auth, tokens, quantumApi, quantumReady },
      databaseUrl: database.url,
      quantum: createHttpManagedOperations({ quantumUrl, tokens }),
    })
    const admin = await startAdmin(runtime, { port: config.ADMIN_PORT, checks: { database: auth.ping } })
    return {
      port: main.port,
      adminPort: admin.port,
      log,
      async stop() {
        admin.drain()
        await main.drain()
        await closing.run()
      },
    }
  })
