import { readConfig } from '../config.js'
import { migrateSchemas, startDatabase } from '../database.js'

/** Brings the schemas up to date and ends. */
export const migrate = async (): Promise<number> => {
  const database = await startDatabase(readConfig(), { onStep: console.error })
  try {
    const names = await migrateSchemas(database.url, 'all')
    console.log(names.length === 0 ? 'The schemas are up to date.' : `Migrations that were run: ${names.join(', ')}`)
    return 0
  } finally {
    await database.stop()
  }
}
