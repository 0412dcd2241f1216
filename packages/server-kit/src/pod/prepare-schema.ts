import type { databaseVariables } from '../config/shared-variables.js'
import type { ConfigOf } from '../config/variables.js'
import { awaitSchema } from '../database/await-schema.js'
import { type MigrateOptions, migrate } from '../database/migrate.js'
import { startPatienceMs } from '../database/reach.js'
import type { podVariables } from './pod-variables.js'
import type { PodRuntime } from './start-pod.js'

type Told = Pick<ConfigOf<typeof databaseVariables>, 'DATABASE_URL'> &
  Pick<ConfigOf<typeof podVariables>, 'MIGRATE_AT_START'>

/** Brings the schema of a pod up to date, or waits until another process has, as MIGRATE_AT_START says. */
export const prepareSchema = async (
  config: Told,
  { log, signal }: Pick<PodRuntime, 'log' | 'signal'>,
  schema: Pick<MigrateOptions, 'schema' | 'migrations'>,
): Promise<void> => {
  const options = { ...schema, url: config.DATABASE_URL.reveal() }
  if (config.MIGRATE_AT_START) await migrate({ ...options, patienceMs: startPatienceMs })
  else await awaitSchema({ ...options, log, signal })
}
