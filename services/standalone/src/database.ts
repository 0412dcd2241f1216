import { authMigrations, authSchema } from '@qsm/auth'
import { messageMigrations, messageSchema } from '@qsm/message'
import { migrate, Secret } from '@qsm/server-kit'
import type { StandaloneConfig } from './config.js'
import { type EmbeddedPostgres, startEmbeddedPostgres } from './embedded-postgres/start.js'

export interface RunningDatabase {
  readonly url: Secret
  /** Null where an outside server is used. */
  readonly embedded: EmbeddedPostgres | null
  stop(): Promise<void>
}

/** The database of this process: the one of DATABASE_URL, or the embedded server. */
export const startDatabase = async (
  config: Pick<StandaloneConfig, 'DATABASE_URL' | 'QSM_DATA_DIR'>,
): Promise<RunningDatabase> => {
  if (config.DATABASE_URL) return { url: config.DATABASE_URL, embedded: null, stop: async () => {} }
  const embedded = await startEmbeddedPostgres({ dataFolder: config.QSM_DATA_DIR })
  return { url: new Secret(embedded.url), embedded, stop: () => embedded.stop() }
}

/** Brings the schemas of all services up to date. Returns the names of the migrations that were run. */
export const migrateAll = async (url: Secret): Promise<readonly string[]> => {
  const auth = await migrate({ url: url.reveal(), schema: authSchema, migrations: authMigrations })
  const message = await migrate({ url: url.reveal(), schema: messageSchema, migrations: messageMigrations })
  return [...auth, ...message]
}
