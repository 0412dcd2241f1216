import type pg from 'pg'
import { QsmError } from '../errors/qsm-error.js'
import type { Metrics } from '../metrics/registry.js'

/** Whoever comes while this many wait would wait longer than anybody listens. */
const maxWaiting = 1_000

type Callback = (error: Error | undefined, client?: pg.PoolClient, done?: (release?: unknown) => void) => void

/** Makes a pool refuse with `unavailable` what would only make a long queue longer. */
export const boundQueue = (pool: pg.Pool): void => {
  const connect = pool.connect.bind(pool) as (callback?: Callback) => Promise<pg.PoolClient>
  pool.connect = ((callback?: Callback) => {
    if (pool.waitingCount < maxWaiting) return callback ? connect(callback) : connect()
    const error = new QsmError('unavailable', 'The database has too much to do just now.', { retryAfterSeconds: 2 })
    if (!callback) return Promise.reject(error)
    callback(error)
    return undefined
  }) as pg.Pool['connect']
}

/** Shows the state of a pool as gauges of its service. */
export const measurePool = (pool: pg.Pool, schema: string, metrics: Metrics): void => {
  const gauge = (name: string, help: string, collect: () => number) =>
    metrics.gauge({ name: `qsm_${schema}_database_pool_${name}`, help, collect })
  gauge('connections', 'Open connections to PostgreSQL.', () => pool.totalCount)
  gauge('idle', 'Open connections that nobody uses now.', () => pool.idleCount)
  gauge('waiting', 'Statements and transactions that wait for a connection.', () => pool.waitingCount)
}
