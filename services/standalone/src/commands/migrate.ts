import { readDatabasePlace } from '../config.js'
import { migrateSchemas, startDatabase } from '../database.js'
import type { ProcessPart } from '../target.js'

/** A migration job may be there before its database, or before the name of that is known. */
const patienceMs = 60_000

/** What a process that a signal has ended says to its parent: 128 and the number of the signal. */
const exitCodes = { SIGINT: 130, SIGTERM: 143 } as const

/**
 * Ends the process at SIGTERM and SIGINT, after `stop`. Without a handler, process 1 of a container would not hear them. The
 * migration that runs is not committed then, and PostgreSQL takes it back.
 */
const endOnSignal = (stop: () => Promise<void>): void => {
  for (const [signal, code] of Object.entries(exitCodes)) {
    process.once(signal, async () => {
      console.error(
        `${signal}: ended. The migration that ran is rolled back; run qsm-server migrate again for what is missing.`,
      )
      await stop()
      process.exit(code)
    })
  }
}

/**
 * Brings the schemas that `part` owns up to date and ends. Waits up to a minute for a server that does not answer yet. A
 * signal ends it, with 128 and its number as the exit code.
 */
export const migrate = async (part: ProcessPart): Promise<number> => {
  const place = readDatabasePlace()
  const starting = startDatabase(place, { onStep: console.error, patienceMs })
  // An outside server is not ours to stop, and need not be waited for.
  endOnSignal(async () => (place.DATABASE_URL ? undefined : starting.then(({ stop }) => stop()).catch(() => {})))
  const database = await starting
  try {
    const names = await migrateSchemas(database.url, part)
    console.log(names.length === 0 ? 'The schemas are up to date.' : `Migrations that were run: ${names.join(', ')}`)
    return 0
  } finally {
    await database.stop()
  }
}
