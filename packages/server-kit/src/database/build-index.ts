import type { QueryRunner } from 'typeorm'

/**
 * Builds an index on a table that is filled, while others go on writing to it. For a migration of its own with
 * `readonly transaction = false`, which does nothing else. Waits for every transaction that has begun before, however long; what an
 * attempt that was cut off has left is dropped first. `on` is what follows ON: `message.account (deleted_at) WHERE …`. A
 * partitioned table takes none: its partitions do, one by one, and their parent by `CREATE INDEX … ON ONLY` and `ATTACH`.
 */
export const buildIndex = async (
  runner: QueryRunner,
  { schema, name, on }: { readonly schema: string; readonly name: string; readonly on: string },
): Promise<void> => {
  await runner.query('SET lock_timeout = 0')
  try {
    await runner.query(`DROP INDEX CONCURRENTLY IF EXISTS ${schema}.${name}`)
    await runner.query(`CREATE INDEX CONCURRENTLY ${name} ON ${on}`)
  } finally {
    await runner.query('RESET lock_timeout')
  }
}
