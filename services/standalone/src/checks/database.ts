import { createLog, openDatabase, pendingMigrations, schemaDrift } from '@qsm/server-kit'
import type { StandaloneConfig } from '../config.js'
import { startDatabase } from '../database.js'
import { type ServiceSchema, schemasOf } from '../schemas.js'
import type { Finding } from './finding.js'

const checkSchema = async (url: string, service: ServiceSchema): Promise<Finding> => {
  const name = `schema ${service.schema}`
  const log = createLog({ service: 'doctor', level: 'silent' })
  const database = await openDatabase({ ...service, url, poolMax: 2, log })
  try {
    const missing = await pendingMigrations({ url, ...service })
    if (missing.length > 0)
      return { name, ok: false, detail: `${missing.length} migrations are missing: run qsm-server migrate` }
    const drift = await schemaDrift(database.dataSource)
    return drift.length === 0
      ? { name, ok: true, detail: 'up to date' }
      : { name, ok: false, detail: `differs from this version by ${drift.length} statements, the first: ${drift[0]}` }
  } finally {
    await database.close()
  }
}

/** Reaches the database and compares each schema with this version. A server that runs on the same data is told apart. */
export const openDatabaseCheck = async (config: StandaloneConfig): Promise<Finding[]> => {
  try {
    const database = await startDatabase(config)
    try {
      const findings: Finding[] = [{ name: 'database', ok: true, detail: 'reached' }]
      for (const service of schemasOf('all')) findings.push(await checkSchema(database.url.reveal(), service))
      return findings
    } finally {
      await database.stop()
    }
  } catch (error) {
    return [{ name: 'database', ok: false, detail: (error as Error).message }]
  }
}
