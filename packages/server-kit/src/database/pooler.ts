import type { databaseVariables } from '../config/shared-variables.js'
import type { ConfigOf, ConfigProblem } from '../config/variables.js'
import { statementTimeoutMs } from './impatient-client.js'
import { plannerSettings } from './planner.js'
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
  .concat(plannerSettings)
  .join('; ')

interface Setting {
  readonly name: string
  readonly setting: string
}

/**
 * Throws `DatabaseError` where connections have no limits: a statement that hangs would hold one for ever. Those that go to
 * PostgreSQL itself have what they ask for; a pooler that nobody told of drops it, where it does not refuse it.
 */
export const requireSessionLimits = async (
  query: (text: string, values: readonly unknown[]) => Promise<readonly Setting[]>,
  pooler: Pooler | null,
): Promise<void> => {
  const rows = await query('SELECT name, setting FROM pg_settings WHERE name = ANY ($1)', [names])
  const without = rows.filter(row => row.setting === '0').map(row => row.name)
  if (without.length === 0) return
  const missing = `have no ${without.sort().join(', ')}`
  const give = `give its entry of this database connect_query='${connectQuery}'.`
  if (pooler) throw new DatabaseError(`Connections of the pooler ${missing}: ${give}`)
  throw new DatabaseError(
    `Connections to PostgreSQL ${missing}, though they ask for them: a pooler between drops that. Set DATABASE_POOLER=transaction, let migrations go to PostgreSQL itself, and ${give}`,
  )
}

/**
 * What is wrong where a connection is not that of the process of PostgreSQL that it names; null where it is. A pooler in session
 * mode does no harm, one in transaction mode loses the statements that are prepared by name.
 */
export const unknownPooler = (namedPid: number | null, pid: number): string | null =>
  namedPid === null || namedPid === pid
    ? null
    : 'a pooler stands between this process and PostgreSQL: set DATABASE_POOLER=transaction, unless it is in session mode'
