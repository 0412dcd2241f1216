import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestProject } from 'vitest/node'
import { startEmbeddedPostgres } from '../../services/standalone/src/embedded-postgres/start.js'

declare module 'vitest' {
  export interface ProvidedContext {
    postgresUrl: string
  }
}

/** One throw-away PostgreSQL server for a whole test run. Nothing outlives it, so it need not flush. */
export default async function startPostgres(project: TestProject): Promise<() => Promise<void>> {
  const dataFolder = mkdtempSync(join(tmpdir(), 'qsm-test-postgres-'))
  const postgres = await startEmbeddedPostgres({ dataFolder, durable: false, settings: ['max_connections=300'] })
  project.provide('postgresUrl', postgres.url)
  return async () => {
    await postgres.stop()
    rmSync(dataFolder, { recursive: true, force: true })
  }
}
