import {
  createLog,
  DatabaseError,
  openDatabase,
  pendingMigrations,
  probeDatabase,
  Secret,
  schemaDrift,
} from '@qsm/server-kit'
import type { StandaloneConfig } from '../config.js'
import { startDatabase } from '../database.js'
import { readDatabaseAddress } from '../database-address.js'
import { dataHolder } from '../embedded-postgres/data-lock.js'
import { type ProcessPart, type ServiceSchema, schemasOf } from '../schemas.js'
import type { Finding } from './finding.js'

const checkSchema = async (url: string, service: ServiceSchema): Promise<Finding> => {
  const name = `schema ${service.schema}`
  const log = createLog({ service: 'doctor', level: 'silent' })
  const database = await openDatabase({ ...service, url, poolMax: 2, log })
  try {
    const missing = await pendingMigrations({ url, ...service })
    if (missing.length > 0)
      return {
        name,
        ok: false,
        detail: `${missing.length} migrations are missing: run qsm-server migrate ${service.part}`,
      }
    const drift = await schemaDrift(database.dataSource)
    return drift.length === 0
      ? { name, ok: true, detail: 'up to date' }
      : { name, ok: false, detail: `differs from this version by ${drift.length} statements, the first: ${drift[0]}` }
  } finally {
    await database.close()
  }
}

interface ReachedDatabase {
  readonly url: Secret
  readonly detail: string
  stop(): Promise<void>
}

/** The embedded database of a server that runs on the same data is reached where it listens; else it is started. */
const reachDatabase = async (config: StandaloneConfig): Promise<ReachedDatabase> => {
  const holder = config.DATABASE_URL ? null : dataHolder(config.QSM_DATA_DIR)
  if (holder === null) {
    const { url, stop } = await startDatabase(config, { patienceMs: 0 })
    return { url, stop, detail: 'reached' }
  }
  const address = readDatabaseAddress(config.QSM_DATA_DIR)
  try {
    if (address === null) throw new DatabaseError('It has none yet.')
    await probeDatabase(address)
  } catch (cause) {
    const text = `Process ${holder} has the data in ${config.QSM_DATA_DIR}, but its database does not answer. Try again when it is ready, or restart it.`
    throw new DatabaseError(text, { cause })
  }
  return { url: new Secret(address), stop: async () => {}, detail: `reached; process ${holder} runs the server on it` }
}

/** Reaches the database and compares each schema that `part` owns with this version. */
export const openDatabaseCheck = async (config: StandaloneConfig, part: ProcessPart): Promise<Finding[]> => {
  try {
    const database = await reachDatabase(config)
    try {
      const findings: Finding[] = [{ name: 'database', ok: true, detail: database.detail }]
      for (const service of schemasOf(part)) findings.push(await checkSchema(database.url.reveal(), service))
      return findings
    } finally {
      await database.stop()
    }
  } catch (error) {
    return [{ name: 'database', ok: false, detail: (error as Error).message }]
  }
}
