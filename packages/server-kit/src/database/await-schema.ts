import { setTimeout as sleep } from 'node:timers/promises'
import { isDatabaseTrouble } from '../errors/database-trouble.js'
import type { Logger } from '../log.js'
import { type MigrateOptions, pendingMigrations } from './migrate.js'
import { DatabaseError } from './reach.js'

const lookEveryMs = 1_000
const tellEveryMs = 30_000

/** What is missing yet; null where the schema has all migrations of this version. Throws what waiting does not cure. */
const missingOf = async (options: MigrateOptions): Promise<string | null> => {
  try {
    const pending = await pendingMigrations(options)
    return pending.length === 0 ? null : `migrations ${pending.join(', ')}`
  } catch (error) {
    if (error instanceof DatabaseError && isDatabaseTrouble(error.cause)) return error.message
    throw error
  }
}

/**
 * Waits without an end until another process has run all migrations of this version (those of a newer one may be there
 * too). Tells the log what is missing: at once, where it has changed, and every 30 s. Rejects when `signal` is aborted;
 * throws `DatabaseError` for what waiting does not cure, as a wrong password.
 */
export const awaitSchema = async (
  options: MigrateOptions & { readonly log: Logger; readonly signal: AbortSignal },
): Promise<void> => {
  let told = ''
  let toldAt = 0
  for (;;) {
    const missing = await missingOf(options)
    options.signal.throwIfAborted()
    if (missing === null) {
      if (told) options.log.info({ schema: options.schema }, 'the schema is up to date')
      return
    }
    const now = performance.now()
    if (missing !== told || now - toldAt >= tellEveryMs) {
      options.log.info({ schema: options.schema, missing }, 'waits for its schema: run qsm-server migrate')
      told = missing
      toldAt = now
    }
    await sleep(lookEveryMs, undefined, { signal: options.signal })
  }
}
