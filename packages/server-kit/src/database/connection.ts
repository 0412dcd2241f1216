import pg from 'pg'
import { DataSource, type EntitySchema, type MigrationInterface } from 'typeorm'
import { QsmError } from '../errors/qsm-error.js'
import type { Logger } from '../log.js'
import type { Metrics } from '../metrics/registry.js'

export type MigrationClass = new () => MigrationInterface

export interface DatabaseOptions {
  readonly url: string
  /** The Postgres schema that the service owns; also names its migrations table. */
  readonly schema: string
  // biome-ignore lint/suspicious/noExplicitAny: EntitySchema is invariant in its row type; the list holds several.
  readonly entities: readonly EntitySchema<any>[]
  readonly migrations: readonly MigrationClass[]
  readonly poolMax: number
  readonly log: Logger
  readonly metrics?: Metrics
}

export interface Database {
  readonly dataSource: DataSource
  /** The driver's pool, for hot paths that TypeORM would slow down. */
  readonly pool: pg.Pool
  /** Rows of a statement through the pool. Throws `unavailable` when too many wait for a connection. */
  query<Row>(text: string, values?: readonly unknown[]): Promise<Row[]>
  /** Resolves when the database answers; rejects within two seconds when it does not. */
  ping(): Promise<void>
  close(): Promise<void>
}

export type PoolClient = pg.PoolClient

const connectTimeoutMs = 1_500
const statementTimeoutMs = 8_000
const maxWaitingForConnection = 1_000

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
    poolSize: Math.max(2, Math.ceil(options.poolMax / 2)),
    connectTimeoutMS: connectTimeoutMs,
    extra: { statement_timeout: statementTimeoutMs, lock_timeout: 2_000, query_timeout: 1_900, keepAlive: true },
  })

const watchPool = (pool: pg.Pool, schema: string, metrics: Metrics): void => {
  const gauge = (name: string, help: string, collect: () => number) =>
    metrics.gauge({ name: `qsm_${schema}_${name}`, help, collect })
  gauge('database_pool_connections', 'Open connections of the hot-path pool.', () => pool.totalCount)
  gauge('database_pool_idle', 'Idle connections of the hot-path pool.', () => pool.idleCount)
  gauge('database_pool_waiting', 'Statements that wait for a connection.', () => pool.waitingCount)
}

/**
 * Opens the connections of one service to its schema. Timeouts are set so that trouble shows within two seconds. A broken
 * idle connection is replaced; the pools recover by themselves when Postgres returns.
 */
export const openDatabase = async (options: DatabaseOptions): Promise<Database> => {
  const dataSource = dataSourceOf(options)
  await dataSource.initialize()
  const pool = new pg.Pool({
    connectionString: options.url,
    max: options.poolMax,
    application_name: `qsm-${options.schema}-hot`,
    connectionTimeoutMillis: connectTimeoutMs,
    idleTimeoutMillis: 30_000,
    statement_timeout: statementTimeoutMs,
    lock_timeout: 2_000,
    query_timeout: 1_900,
    keepAlive: true,
  })
  pool.on('error', error => options.log.warn({ err: error }, 'an idle database connection broke'))
  if (options.metrics) watchPool(pool, options.schema, options.metrics)

  const query = async <Row>(text: string, values: readonly unknown[] = []): Promise<Row[]> => {
    if (pool.waitingCount >= maxWaitingForConnection) {
      throw new QsmError('unavailable', 'The database has too much to do just now.', { retryAfterSeconds: 2 })
    }
    const result = await pool.query(text, [...values])
    return result.rows as Row[]
  }

  return {
    dataSource,
    pool,
    query,
    async ping() {
      await pool.query('SELECT 1')
    },
    async close() {
      await Promise.all([dataSource.destroy(), pool.end()])
    },
  }
}
