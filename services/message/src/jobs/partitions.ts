import type { Job, Query } from '@qsm/server-kit'
import {
  checkFence,
  countDefault,
  dropFence,
  type Fence,
  findFence,
  isDefaultLarge,
  isNear,
  raiseFence,
  type Span,
} from './default-partition.js'
import { briefMs, vacuumMs, waitForLocks } from './lock-waits.js'

const dayMs = 86_400_000
const everyMs = 600_000
/** How far ahead partitions reach at least: so long may this job fail before `entry_default` takes what comes. */
const aheadMs = 3 * dayMs
/** A partition is attached so long before its time that nobody writes into it yet, whose clock differs by less. */
const clockMarginMs = 3_600_000
/** The same behind a fence: while it stands and the partition is missing, the time goes on to where sends would fail. */
const fenceMarginMs = 12 * 3_600_000
/** Reads the default partition where that is large, or waits for vacuum; nobody waits for it. */
const statementTimeoutMs = 1_800_000
/** A partition is attached in milliseconds. One that has to be read after all is given up, as everybody waits meanwhile. */
const attachMs = 1_000

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

const dayOf = (ms: number): number => Math.floor(ms / dayMs) * dayMs

/** Behind the last one; where that is over, or nearly, from the next day on, which nobody writes into while it is attached. */
const spanBehind = (last: number, earliest: number, widthMs: number): Span => {
  const from = last > earliest ? last : dayOf(earliest) + dayMs
  return { from, until: from + widthMs }
}

const createPartition = async (query: Query, { from, until }: Span): Promise<void> => {
  const name = `message.entry_from_${new Date(from).toISOString().slice(0, 10).replaceAll('-', '')}`
  await query(`CREATE TABLE ${name} (LIKE message.entry INCLUDING STORAGE) WITH (toast_tuple_target = 8160)`)
  await query(`ALTER TABLE ${name} ADD PRIMARY KEY (user_id, device_id, sequence)`)
  await waitForLocks(query, briefMs)
  await query("SELECT set_config('statement_timeout', $1, true)", [`${attachMs}ms`])
  await query(`ALTER TABLE message.entry ATTACH PARTITION ${name} FOR VALUES FROM (${from}) TO (${until})`)
}

/**
 * One step to the next partition. Beside a default partition that holds much there are three, each a transaction: the fence,
 * which waits for a lock only; reading what is there, which locks nobody out; and the partition, for which nothing is read then.
 */
const stepAhead = async (query: Query, fence: Fence | null, last: number, now: number, widthMs: number) => {
  if (fence) {
    if (!fence.isChecked) return checkFence(query)
    await createPartition(query, fence)
    return dropFence(query)
  }
  if (await isDefaultLarge(query)) return raiseFence(query, spanBehind(last, now + fenceMarginMs, widthMs))
  return createPartition(query, spanBehind(last, now + clockMarginMs, widthMs))
}

/** Detaches and drops in one; the files go after the commit, when the locks are gone. */
const dropPartition = async (query: Query, name: string): Promise<void> => {
  await waitForLocks(query, vacuumMs)
  await query(`LOCK TABLE message.${name} IN SHARE UPDATE EXCLUSIVE MODE`)
  await waitForLocks(query, briefMs)
  await query(`DROP TABLE message.${name}`)
}

export interface PartitionWatch {
  /** Hears up to when entries have a partition, in milliseconds since 1970. */
  onReach(untilMs: number): void
  /** Hears how many entries lie in the default partition, up to 1 000. */
  onDefault(entries: number): void
}

/**
 * Makes the partitions of `entry` ahead and drops those in which everything is past retention, one step a go. A lock that it does
 * not get within 300 ms fails the go, which is tried again in its time.
 */
export const partitionJob = (retentionMs: number, { onReach, onDefault }: PartitionWatch): Job => ({
  name: 'partitions of entry',
  everyMs,
  atStart: true,
  statementTimeoutMs,
  async run(query, now) {
    const partitions = await listPartitions(query)
    const last = partitions.at(-1)?.until ?? 0
    onReach(last)
    onDefault(await countDefault(query))
    const fence = await findFence(query)
    const isShort = last < now + aheadMs
    if (fence && isNear(fence, now)) return false // It is taken away first, by its own job.
    if (fence && !isShort) {
      await dropFence(query)
      return true
    }
    if (isShort) {
      await stepAhead(query, fence, last, now, partitionWidthMs(retentionMs))
      return true
    }
    const over = partitions.find(({ until }) => until <= now - retentionMs)
    if (!over) return false
    await dropPartition(query, over.name)
    return true
  },
})
