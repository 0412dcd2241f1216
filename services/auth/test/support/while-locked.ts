import type { Query } from '@qsm/server-kit'
import { vi } from 'vitest'
import type { AuthContext } from '../../src/context.js'

/** Those of this database that wait for a lock. `pg_stat_activity` would stand still within a transaction. */
const waiters = `
  SELECT count(DISTINCT waiting.pid)::int AS count FROM pg_locks waiting JOIN pg_locks held USING (pid)
  WHERE NOT waiting.granted AND held.database = (SELECT oid FROM pg_database WHERE datname = current_database())`

const waitFor = (query: Query, count: number) =>
  vi.waitUntil(async () => ((await query<{ count: number }>(waiters))[0]?.count ?? 0) >= count, {
    interval: 5,
    timeout: 10_000,
  })

/**
 * Holds the rows that a statement locks, begins one piece of work after another, each when that many in all wait for
 * locks, and lets go: so they meet in this order on any machine. Returns what they become.
 */
export const whileLocked = async <T>(
  context: AuthContext,
  statement: string,
  values: readonly unknown[],
  steps: readonly { readonly begin: () => Promise<T>; readonly waiting: number }[],
): Promise<readonly T[]> => {
  const works: Promise<T>[] = []
  await context.database.transaction(async query => {
    await query(statement, values)
    for (const { begin, waiting } of steps) {
      works.push(begin())
      await waitFor(query, waiting)
    }
  })
  return Promise.all(works)
}

/** Opens every connection of the pool, so that what comes at once runs at once. */
export const warmPool = async (context: AuthContext): Promise<void> => {
  const { pool, query } = context.database
  await Promise.all(Array.from({ length: pool.options.max }, () => query('SELECT pg_sleep(0.1)')))
}
