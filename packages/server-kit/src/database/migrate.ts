import pg from 'pg'
import { DataSource } from 'typeorm'
import type { DatabaseOptions } from './connection.js'

/** Any number; the same in every process, so that one migrates and the others wait. */
const advisoryLock = 0x51_53_4d

/**
 * Brings the schema of one service up to date: creates it, then runs what is missing, each migration in a transaction of
 * its own, under an advisory lock, so that two at once are safe. Returns the names of what was run.
 */
export const migrate = async (
  options: Pick<DatabaseOptions, 'url' | 'schema' | 'migrations'>,
): Promise<readonly string[]> => {
  const lock = new pg.Client({
    connectionString: options.url,
    connectionTimeoutMillis: 1_500,
    application_name: 'qsm-migrate',
  })
  lock.on('error', () => {}) // The statement under way rejects with the same error.
  await lock.connect()
  try {
    await lock.query('SELECT pg_advisory_lock($1)', [advisoryLock])
    await lock.query(`CREATE SCHEMA IF NOT EXISTS "${options.schema}"`)
    const dataSource = new DataSource({
      type: 'postgres',
      url: options.url,
      schema: options.schema,
      migrations: [...options.migrations],
      migrationsTableName: 'migration',
      migrationsTransactionMode: 'each',
      installExtensions: false,
      poolSize: 1,
      extra: { lock_timeout: 2_000 },
    })
    await dataSource.initialize()
    try {
      const done = await dataSource.runMigrations()
      return done.map(migration => migration.name)
    } finally {
      await dataSource.destroy()
    }
  } finally {
    await lock.end()
  }
}

/** Statements that would make the database equal to the entities; none when they agree. */
export const schemaDrift = async (dataSource: DataSource): Promise<readonly string[]> => {
  const statements = await dataSource.driver.createSchemaBuilder().log()
  return statements.upQueries.map(query => query.query)
}

/** Whether migrations of this version have not been run yet. */
export const migrationsPending = (dataSource: DataSource): Promise<boolean> => dataSource.showMigrations()

/** Throws where the server would answer a commit before it is flushed: `201` promises a flushed commit. */
export const assertDurableCommits = async (dataSource: DataSource): Promise<void> => {
  const rows: { synchronous_commit: string }[] = await dataSource.query('SHOW synchronous_commit')
  const value = rows[0]?.synchronous_commit
  if (value === 'off') {
    throw new Error(
      'PostgreSQL has synchronous_commit = off: an answered message could be lost. Set it to on and start again.',
    )
  }
}
