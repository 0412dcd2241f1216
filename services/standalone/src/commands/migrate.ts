import { readDatabasePlace } from '../config.js'
import { migrateSchemas, startDatabase } from '../database.js'
import type { ProcessPart } from '../target.js'

/** A migration job may be there before its database, or before the name of that is known. */
const patienceMs = 60_000

/** Brings the schemas that `part` owns up to date and ends. Waits up to a minute for a server that does not answer yet. */
export const migrate = async (part: ProcessPart): Promise<number> => {
  const database = await startDatabase(readDatabasePlace(), { onStep: console.error, patienceMs })
  try {
    const names = await migrateSchemas(database.url, part)
    console.log(names.length === 0 ? 'The schemas are up to date.' : `Migrations that were run: ${names.join(', ')}`)
    return 0
  } finally {
    await database.stop()
  }
}
