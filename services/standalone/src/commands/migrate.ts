import { readConfig } from '../config.js'
import { migrateSchemas, startDatabase } from '../database.js'
import type { ProcessPart } from '../schemas.js'

/** Brings the schemas that `part` owns up to date and ends. */
export const migrate = async (part: ProcessPart): Promise<number> => {
  const database = await startDatabase(readConfig(undefined, part), { onStep: console.error })
  try {
    const names = await migrateSchemas(database.url, part)
    console.log(names.length === 0 ? 'The schemas are up to date.' : `Migrations that were run: ${names.join(', ')}`)
    return 0
  } finally {
    await database.stop()
  }
}
