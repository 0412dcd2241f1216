import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createTestDatabase } from './database.js'
import { freePort } from './free-port.js'
import { launchServer, type TestProcess } from './server.js'

/** The main application and the quantum service as two processes on one database. */
export interface ServerPair {
  readonly url: string
  readonly quantumUrl: string
  readonly databaseUrl: string
  /** The main application that was started last. */
  readonly main: TestProcess
  /** The quantum service that was started last. */
  readonly quantum: TestProcess
  /** Starts the main application anew, after it was stopped or killed. Resolves when it serves. */
  startMain(): Promise<void>
  /** Starts the quantum service anew, after it was stopped or killed. Resolves when it serves. */
  startQuantum(): Promise<void>
  /** Stops both, the quantum service first, and drops the database. */
  end(): Promise<void>
}

export const startServerPair = async (environment: Readonly<Record<string, string>> = {}): Promise<ServerPair> => {
  const database = await createTestDatabase()
  const folder = mkdtempSync(join(tmpdir(), 'qsm-pair-'))
  const shared = {
    DATABASE_URL: database.url,
    JWT_SECRET: 'one secret for both of the processes',
    QSM_DATA_DIR: folder,
    PORT: String(await freePort()),
    QUANTUM_PORT: String(await freePort()),
    DRAIN_SECONDS: '1',
    ...environment,
  }
  const launchQuantum = () => launchServer(['start', 'quantum'], shared)
  const launchMain = () => launchServer(['start', 'main'], shared)
  let main = launchMain()
  let quantum = launchQuantum()
  await Promise.all([main.ready, quantum.ready]).catch(async error => {
    await Promise.all([quantum.kill(), main.kill()]) // Else the one would wait for the other for ever.
    throw error
  })
  return {
    url: `http://127.0.0.1:${shared.PORT}`,
    quantumUrl: `http://127.0.0.1:${shared.QUANTUM_PORT}`,
    databaseUrl: database.url,
    get main() {
      return main
    },
    get quantum() {
      return quantum
    },
    startMain() {
      main = launchMain()
      return main.ready
    },
    startQuantum() {
      quantum = launchQuantum()
      return quantum.ready
    },
    async end() {
      await quantum.stop()
      await main.stop()
      await database.drop()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
