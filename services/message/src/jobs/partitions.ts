import type { Job, Query } from '@qsm/server-kit'

const dayMs = 86_400_000
const everyMs = 600_000
/** How far ahead partitions reach at least: so long may this job fail before `entry_default` takes what comes. */
const aheadMs = 3 * dayMs
/** Pods whose clocks differ by less never write into a partition that is just being attached. */
const clockMarginMs = 3_600_000
/** Sends and pages that come behind a lock wait as long as it does. */
const lockMs = 300
/** For vacuum, which keeps nobody else out. */
const vacuumLockMs = 5_000

/** A quarter of the retention in whole days: entries outlive it by that at most, in five or six partitions. */
const partitionWidthMs = (retentionMs: number): number => Math.max(1, Math.floor(retentionMs / dayMs / 4)) * dayMs

interface Partition {
  readonly name: string
  /** Its entries were received before, in milliseconds since 1970. */
  readonly until: number
}

/** Those with a bound, by it. */
const listPartitions = async (query: Query): Promise<readonly Partition[]> => {
  const rows = await query<{ name: string; until: string }>(`
    SELECT c.relname AS name, substring(pg_get_expr(c.relpartbound, c.oid) FROM 'TO \\(''?([0-9]+)') AS until
    FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid WHERE i.inhparent = 'message.entry'::regclass`)
  return rows
    .filter(({ until }) => until !== null)
    .map(({ name, until }) => ({ name, until: Number(until) }))
    .sort((a, b) => a.until - b.until)
}

const setLockTimeout = (query: Query, ms: number) => query("SELECT set_config('lock_timeout', $1, true)", [`${ms}ms`])

const dayOf = (ms: number): number => Math.floor(ms / dayMs) * dayMs

/** Behind the last one; where that is over, or nearly, from the next day on, which nobody writes into while it is attached. */
const createPartition = async (query: Query, last: number, now: number, widthMs: number): Promise<void> => {
  const from = last > now + clockMarginMs ? last : dayOf(now + clockMarginMs) + dayMs
  const name = `message.entry_from_${new Date(from).toISOString().slice(0, 10).replaceAll('-', '')}`
  await query(`CREATE TABLE ${name} (LIKE message.entry INCLUDING STORAGE) WITH (toast_tuple_target = 8160)`)
  await query(`ALTER TABLE ${name} ADD PRIMARY KEY (user_id, device_id, sequence)`)
  await setLockTimeout(query, lockMs)
  await query(`ALTER TABLE message.entry ATTACH PARTITION ${name} FOR VALUES FROM (${from}) TO (${from + widthMs})`)
}

/** Detaches and drops in one; the files go after the commit, when the locks are gone. */
const dropPartition = async (query: Query, name: string): Promise<void> => {
  await setLockTimeout(query, vacuumLockMs)
  await query(`LOCK TABLE message.${name} IN SHARE UPDATE EXCLUSIVE MODE`)
  await setLockTimeout(query, lockMs)
  await query(`DROP TABLE message.${name}`)
}

/**
 * Makes the partitions of `entry` ahead and drops those in which everything is past retention, one a go. A lock that it does not
 * get within 300 ms fails the go, which is tried again in its time. `onReach` hears up to when entries have a partition.
 */
export const partitionJob = (retentionMs: number, onReach: (untilMs: number) => void): Job => ({
  name: 'partitions of entry',
  everyMs,
  async run(query, now) {
    const partitions = await listPartitions(query)
    const last = partitions.at(-1)?.until ?? 0
    onReach(last)
    if (last < now + aheadMs) {
      await createPartition(query, last, now, partitionWidthMs(retentionMs))
      return true
    }
    const over = partitions.find(({ until }) => until <= now - retentionMs)
    if (!over) return false
    await dropPartition(query, over.name)
    return true
  },
})
