import { setTimeout as sleep } from 'node:timers/promises'
import type pg from 'pg'
import { DataSource, type Logger } from 'typeorm'
import type { DatabaseOptions } from './connection.js'
import { connectOnce, DatabaseError, withPatience } from './reach.js'

export type MigrateOptions = Pick<DatabaseOptions, 'url' | 'schema' | 'migrations' | 'patienceMs'>

/** Any number; the same in every process, so that one migrates and the others wait. */
const advisoryLock = 0x51_53_4d
const maxLockWaitMs = 120_000
const lookEveryMs = 100
/**
 * Ends a statement whose process is gone, even outright: else it would go on, without the advisory lock, beside the next
 * attempt.
 */
const endWithClient = 'SET client_connection_check_interval = 1000'
/** `invalid_parameter_value` of a server whose system cannot do that, `undefined_object` of one before PostgreSQL 14. */
const cannotEndWithClient = ['22023', '42704']
const schemaForm = /^[a-z_]{1,40}$/

/** TypeORM would print a failed migration between the log's lines; its error is thrown anyway. */
const silent: Logger = {
  logQuery() {},
  logQueryError() {},
  logQuerySlow() {},
  logSchemaBuild() {},
  logMigration() {},
  log() {},
}

const dataSourceOf = (options: MigrateOptions): DataSource =>
  new DataSource({
    type: 'postgres',
    url: options.url,
    schema: options.schema,
    migrations: [...options.migrations],
    migrationsTableName: 'migration',
    migrationsTransactionMode: 'each',
    installExtensions: false,
    applicationName: 'qsm-migrate',
    logger: silent,
    poolSize: 1,
    // A table that is in use is waited for briefly: a migration that queues for its lock stops everybody behind it.
    extra: { lock_timeout: 5_000 },
  })

const runMissing = async (options: MigrateOptions): Promise<readonly string[]> => {
  const dataSource = dataSourceOf(options)
  await dataSource.initialize()
  try {
    await dataSource.query(endWithClient).catch((error: { readonly code?: string }) => {
      if (!cannotEndWithClient.includes(error.code ?? '')) throw error
    })
    const done = await dataSource.runMigrations()
    return done.map(migration => migration.name)
  } finally {
    await dataSource.destroy()
  }
}

/**
 * Takes the lock as soon as nobody else has it. Asks again and again: a statement that waits in PostgreSQL for the lock would be
 * waited for by an index that its holder builds beside the writes.
 */
const takeLock = async (lock: pg.Client): Promise<void> => {
  const deadline = performance.now() + maxLockWaitMs
  for (;;) {
    const { rows } = await lock.query('SELECT pg_try_advisory_lock($1) AS mine', [advisoryLock])
    if (rows[0]?.mine === true) return
    if (performance.now() > deadline) {
      throw new DatabaseError(
        `Another process has been migrating for ${maxLockWaitMs / 1_000} s: wait for it, or end it, and start this one again.`,
      )
    }
    await sleep(lookEveryMs)
  }
}

/**
 * Brings the schema of one service up to date: creates it, then runs what is missing, each migration in a transaction of
 * its own, under an advisory lock, so that several at once are safe. Returns the names of what was run. Throws
 * `DatabaseError` with what to do.
 */
export const migrate = async (options: MigrateOptions): Promise<readonly string[]> => {
  if (!schemaForm.test(options.schema)) throw new DatabaseError(`${options.schema} is no name for a schema`)
  return withPatience(options.url, options.patienceMs ?? 0, async () => {
    // A setting at the beginning, so that a pooler refuses it: a lock of its session would stay behind there.
    const lock = await connectOnce(options.url, 'qsm-migrate-lock', { lock_timeout: maxLockWaitMs })
    try {
      await takeLock(lock)
      await lock.query(`CREATE SCHEMA IF NOT EXISTS "${options.schema}"`)
      return await runMissing(options)
    } finally {
      await lock.end() // Ends the session, and with it the lock.
    }
  })
}

/** How the migrations that a database has had differ from those of this version; both empty where they agree. */
export interface MigrationState {
  /** Of this version, not run yet. */
  readonly pending: readonly string[]
  /** Run by a newer version. */
  readonly unknown: readonly string[]
}

/** Compares the migrations that were run on a schema with those of this version. Throws `DatabaseError` with what to do. */
export const migrationState = (options: MigrateOptions): Promise<MigrationState> =>
  withPatience(options.url, options.patienceMs ?? 0, async () => {
    const client = await connectOnce(options.url, 'qsm-migrate')
    try {
      const table = `"${options.schema}"."migration"`
      const exists = await client.query('SELECT to_regclass($1) IS NOT NULL AS there', [table])
      const rows = exists.rows[0]?.there ? (await client.query(`SELECT name FROM ${table}`)).rows : []
      const done = rows.map(row => String(row.name))
      const own = options.migrations.map(migration => new migration().name ?? migration.name)
      return {
        pending: own.filter(name => !done.includes(name)),
        unknown: done.filter(name => !own.includes(name)),
      }
    } finally {
      await client.end()
    }
  })

/** Names of migrations of this version that have not been run yet. */
export const pendingMigrations = async (options: MigrateOptions): Promise<readonly string[]> =>
  (await migrationState(options)).pending

/** Statements that would make the database equal to the entities; none when they agree. */
export const schemaDrift = async (dataSource: DataSource): Promise<readonly string[]> => {
  const statements = await dataSource.driver.createSchemaBuilder().log()
  return statements.upQueries.map(query => query.query)
}
