import { type Logger, migrate, Secret, startPatienceMs } from '@qsm/server-kit'
import type { StandaloneConfig } from './config.js'
import { readDatabaseAddress, writeDatabaseAddress } from './database-address.js'
import { keepRunning } from './embedded-postgres/keep-running.js'
import { type EmbeddedPostgres, startEmbeddedPostgres } from './embedded-postgres/start.js'
import { findOutsideDatabase } from './parts/find-database.js'
import type { StartOptions } from './parts/runtime.js'
import { schemasOf } from './schemas.js'
import type { ProcessPart } from './target.js'

export interface RunningDatabase {
  readonly url: Secret
  /** Null where an outside server is used. */
  readonly embedded: EmbeddedPostgres | null
  stop(): Promise<void>
}

/**
 * The database of this process: the one of DATABASE_URL, or the embedded server, whose address other processes on the same
 * data then find. It takes the port that it had before where that is free, so that those need not look again. With a log to
 * tell of it, an embedded server that ends by itself is started again. Throws `DatabaseError` or `EmbeddedPostgresError`.
 */
export const startDatabase = async (
  config: Pick<StandaloneConfig, 'DATABASE_URL' | 'QSM_DATA_DIR'>,
  options: StartOptions & { readonly patienceMs?: number; readonly log?: Logger } = {},
): Promise<RunningDatabase> => {
  if (config.DATABASE_URL) {
    const url = await findOutsideDatabase(config.DATABASE_URL, { patienceMs: startPatienceMs, ...options })
    return { url, embedded: null, stop: async () => {} }
  }
  const before = readDatabaseAddress(config.QSM_DATA_DIR)
  const embedded = await startEmbeddedPostgres({
    dataFolder: config.QSM_DATA_DIR,
    ...(before ? { preferredPort: Number(new URL(before).port) } : {}),
  })
  writeDatabaseAddress(config.QSM_DATA_DIR, embedded.url)
  if (!options.log) return { url: new Secret(embedded.url), embedded, stop: () => embedded.stop() }
  const again = (port: number) => startEmbeddedPostgres({ dataFolder: config.QSM_DATA_DIR, port })
  return { url: new Secret(embedded.url), embedded, stop: keepRunning(embedded, again, options.log).stop }
}

/** Brings the schemas of a process up to date. Returns the names of the migrations that were run. */
export const migrateSchemas = async (url: Secret, part: ProcessPart): Promise<readonly string[]> => {
  const done: string[] = []
  for (const { schema, migrations } of schemasOf(part)) {
    done.push(...(await migrate({ url: url.reveal(), schema, migrations, patienceMs: startPatienceMs })))
  }
  return done
}
