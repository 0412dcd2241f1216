import type pg from 'pg'
import { DataSource, type EntitySchema, type MigrationInterface } from 'typeorm'
import type { Logger } from '../log.js'
import type { Metrics } from '../metrics/registry.js'
import { ImpatientClient, statementTimeoutMs } from './impatient-client.js'
import { missingPlannerSettings, plannerSettings } from './planner.js'
import { boundQueue, measurePool } from './pool.js'
import { type Pooler, requireSessionLimits, sessionLimits, unknownPooler } from './pooler.js'
import { connectTimeoutMs, DatabaseError, withPatience } from './reach.js'

export type MigrationClass = new () => MigrationInterface
export type { EntitySchema, MigrationInterface } from 'typeorm'

type PoolClient = pg.PoolClient

/** A statement; with a name it is prepared once for each connection. */
export type Statement = string | { readonly name: string; readonly text: string }

/** Rows of one statement. */
export type Query = <Row>(statement: Statement, values?: readonly unknown[]) => Promise<Row[]>

export interface DatabaseOptions {
  readonly url: string
  /** The Postgres schema that the service owns; also names its migrations table. */
  readonly schema: string
  // biome-ignore lint/suspicious/noExplicitAny: EntitySchema is invariant in its row type; the list holds several.
  readonly entities: readonly EntitySchema<any>[]
  readonly migrations: readonly MigrationClass[]
  /** The most connections, of TypeORM and of direct statements together. */
  readonly poolMax: number
  /** What stands between; left out or null where connections go to PostgreSQL itself. */
  readonly pooler?: Pooler | null
  readonly log: Logger
  readonly metrics?: Metrics
  /** How long to wait at the start for a database that is not there yet. 0 where left out. */
  readonly patienceMs?: number
}

export interface Database {
  readonly dataSource: DataSource
  /** The driver's pool. Its own `query` closes the connection of a statement that fails: use `query` below. */
  readonly pool: pg.Pool
  /** Rows of a statement past TypeORM. */
  readonly query: Query
  /**
   * Commits what `run` does on one connection, past TypeORM; rolls back when it throws. Jobs over many rows, for which
   * nobody waits, may take more than the 1.5 s for a statement.
   */
  transaction<T>(run: (query: Query) => Promise<T>, options?: { readonly statementTimeoutMs: number }): Promise<T>
  /** Resolves when the database answers; rejects within two seconds when it does not. */
  ping(): Promise<void>
  close(): Promise<void>
}

/** Not by parameters of the connection, which poolers refuse. */
const tellPlanner = async (client: PoolClient): Promise<void> => {
  await client.query(plannerSettings)
}

const dataSourceOf = (options: DatabaseOptions): DataSource =>
  new DataSource({
    type: 'postgres',
    url: options.url,
    schema: options.schema,
    entities: [...options.entities],
    migrations: [...options.migrations],
    migrationsTableName: 'migration',
    migrationsTransactionMode: 'each',
    installExtensions: false,
    synchronize: false,
    poolErrorHandler: error => options.log.warn({ err: error }, 'an idle database connection broke'),
    applicationName: `qsm-${options.schema}`,
    poolSize: options.poolMax,
    connectTimeoutMS: connectTimeoutMs,
    extra: {
      Client: ImpatientClient,
      // A pooler refuses them here, and has them on its own connections.
      ...(options.pooler ? {} : { ...sessionLimits, onConnect: tellPlanner }),
      // Who was opened once stays: another one costs as much as hundreds of statements (its process, password and plans). A pooler
      // has these open itself, and in session mode would have to keep one for each of ours.
      min: options.pooler ? 0 : Math.ceil(options.poolMax / 2),
      idleTimeoutMillis: 30_000,
      maxLifetimeSeconds: 1_800,
      keepAlive: true,
      // Of an idle connection that a network dropped without a word the kernel tells after some minutes, not after two hours.
      keepAliveInitialDelayMillis: 10_000,
    },
  })

/** A `201` promises a flushed commit, which PostgreSQL can be told not to wait for. */
const requireDurableCommits = async (dataSource: DataSource): Promise<void> => {
  const rows: { synchronous_commit: string }[] = await dataSource.query('SHOW synchronous_commit')
  if (rows[0]?.synchronous_commit !== 'off') return
  throw new DatabaseError(
    'PostgreSQL has synchronous_commit = off, so an answered message could be lost: set it to on for this role or database.',
  )
}

/** Statements would fail now and then, as those of another client stand under their name. */
const tellUnknownPooler = async (client: PoolClient, log: Logger): Promise<void> => {
  const { rows } = await client.query('SELECT pg_backend_pid() AS pid')
  const { processID } = client as unknown as { readonly processID: number | null }
  const text = unknownPooler(processID, Number(rows[0]?.pid))
  if (text) log.warn(text)
}

type QueryOn = (client: PoolClient) => Query

const queryBy =
  (preparesByName: boolean): QueryOn =>
  client =>
  async <Row>(statement: Statement, values: readonly unknown[] = []) => {
    const { text, ...name } = typeof statement === 'string' ? { text: statement } : statement
    const { rows } = await client.query({ ...(preparesByName ? name : {}), text, values: [...values] })
    return rows as Row[]
  }

/** Runs `work` in a transaction in which statements may take `timeoutMs`, here and on the server. */
const inTransaction = async <T>(client: PoolClient, timeoutMs: number, work: () => Promise<T>): Promise<T> => {
  const impatient = client as unknown as ImpatientClient
  await client.query('BEGIN')
  try {
    if (timeoutMs !== statementTimeoutMs) {
      await client.query("SELECT set_config('statement_timeout', $1, true)", [String(timeoutMs)])
      impatient.statementTimeoutMs = timeoutMs
    }
    const result = await work()
    await client.query('COMMIT')
    return result
  } catch (error) {
    // Fails at once on a connection that is cut, and the server rolls back by itself.
    await client.query('ROLLBACK').catch(() => {})
    throw error
  } finally {
    impatient.statementTimeoutMs = statementTimeoutMs
  }
}

/**
 * Opens the connections of one service to its schema. Trouble shows within two seconds: waiting for a connection ends
 * after 0.9 s, a statement on the server after 1.5 s, a server that does not answer after 1.7 s. Broken connections are
 * replaced, so the pool recovers by itself when PostgreSQL returns. Throws `DatabaseError` with what to do.
 */
export const openDatabase = async (options: DatabaseOptions): Promise<Database> => {
  const dataSource = dataSourceOf(options)
  await withPatience(options.url, options.patienceMs ?? 0, () => dataSource.initialize())
  const pool = (dataSource.driver as unknown as { readonly master: pg.Pool }).master
  const withClient = async <T>(work: (client: PoolClient) => Promise<T>): Promise<T> => {
    const client = await pool.connect()
    try {
      return await work(client)
    } finally {
      client.release() // The pool itself drops a connection that is cut.
    }
  }
  const queryOn = queryBy(options.pooler?.preparesByName ?? true)
  const query: Query = (statement, values) => withClient(client => queryOn(client)(statement, values))
  try {
    await requireDurableCommits(dataSource)
    await requireSessionLimits(query, options.pooler ?? null)
    if (!options.pooler) await withClient(client => tellUnknownPooler(client, options.log))
    else {
      const missing = await missingPlannerSettings(query)
      if (missing) options.log.warn(missing)
    }
  } catch (error) {
    await dataSource.destroy()
    throw error
  }
  boundQueue(pool)
  if (options.metrics) measurePool(pool, options.schema, options.metrics)

  return {
    dataSource,
    pool,
    query,
    transaction: (run, limits) =>
      withClient(client =>
        inTransaction(client, limits?.statementTimeoutMs ?? statementTimeoutMs, () => run(queryOn(client))),
      ),
    async ping() {
      await query('SELECT 1')
    },
    close: () => dataSource.destroy(),
  }
}
