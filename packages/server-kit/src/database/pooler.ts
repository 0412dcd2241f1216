import type { databaseVariables } from '../config/shared-variables.js'
import type { ConfigOf, ConfigProblem } from '../config/variables.js'
import { statementTimeoutMs } from './impatient-client.js'
import { DatabaseError } from './reach.js'

/** A pooler in transaction mode between a service and PostgreSQL: a connection to PostgreSQL is ours for one transaction. */
export interface Pooler {
  /** Whether it keeps statements that are prepared by name, as PgBouncer does since 1.21 with `max_prepared_statements`. */
  readonly preparesByName: boolean
}

type Told = Pick<ConfigOf<typeof databaseVariables>, 'DATABASE_POOLER' | 'DATABASE_PREPARED_STATEMENTS'>

/** The pooler that the variables tell of; null where connections go to PostgreSQL itself. */
export const poolerOf = (config: Told): Pooler | null =>
  config.DATABASE_POOLER === 'transaction' ? { preparesByName: config.DATABASE_PREPARED_STATEMENTS } : null

/**
 * Migrations hold locks of a session and take their time, so they go to PostgreSQL itself. Who has one address alone would
 * migrate over the pooler.
 */
export const poolerProblems = (config: {
  readonly DATABASE_POOLER?: Told['DATABASE_POOLER'] | undefined
  readonly MIGRATE_AT_START?: boolean | undefined
}): readonly ConfigProblem[] => {
  if (config.DATABASE_POOLER !== 'transaction' || config.MIGRATE_AT_START === false) return []
  const reason =
    'may not be transaction where this process brings its schema up to date itself: run qsm-server migrate with the address of PostgreSQL, and pods with MIGRATE_AT_START=false'
  return [{ variable: 'DATABASE_POOLER', reason, example: 'none' }]
}

/** What each connection of a service has, and one that a pooler opens must be told. In milliseconds. */
export const sessionLimits = {
  statement_timeout: statementTimeoutMs,
  lock_timeout: 1_200,
  idle_in_transaction_session_timeout: 10_000,
} as const

const names = Object.keys(sessionLimits)
const connectQuery = Object.entries(sessionLimits)
  .map(([name, value]) => `SET ${name} = ${value}`)
  .join('; ')

interface Setting {
  readonly name: string
  readonly setting: string
}

/** Throws `DatabaseError` where connections of a pooler have no limits: a statement that hangs would hold one for ever. */
export const requireSessionLimits = async (
  query: (text: string, values: readonly unknown[]) => Promise<readonly Setting[]>,
): Promise<void> => {
  const rows = await query('SELECT name, setting FROM pg_settings WHERE name = ANY ($1)', [names])
  const without = rows.filter(row => row.setting === '0').map(row => row.name)
  if (without.length === 0) return
  const text = `Connections of the pooler have no ${without.sort().join(', ')}: give its entry of this database connect_query='${connectQuery}'.`
  throw new DatabaseError(text)
}
