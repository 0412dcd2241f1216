import type { Job, Query } from '@qsm/server-kit'
import { briefMs, vacuumMs, waitForLocks } from './lock-waits.js'

/** A span of time in milliseconds since 1970, without its end. */
export interface Span {
  readonly from: number
  readonly until: number
}

/**
 * A constraint by which `entry_default` holds nothing of a span. PostgreSQL reads a default partition while it attaches another and
 * keeps everybody out meanwhile, unless it knows this already.
 */
export interface Fence extends Span {
  /** Whether what was there before it has been read. */
  readonly isChecked: boolean
}

/** So much of the default partition is read in a moment. */
const littleBytes = 1 << 20
/** More are not counted. */
const mostCounted = 1_000

export const isDefaultLarge = async (query: Query): Promise<boolean> => {
  const [row] = await query<{ bytes: string }>("SELECT pg_relation_size('message.entry_default') AS bytes")
  return Number(row?.bytes) > littleBytes
}

/** How many entries the default partition holds, up to 1 000. */
export const countDefault = async (query: Query): Promise<number> => {
  const [row] = await query<{ count: number }>(
    `SELECT count(*)::int AS count FROM (SELECT 1 FROM message.entry_default LIMIT ${mostCounted}) e`,
  )
  return row?.count ?? 0
}

export const findFence = async (query: Query): Promise<Fence | null> => {
  const [row] = await query<{ bounds: readonly string[]; convalidated: boolean }>(`
    SELECT ARRAY(SELECT b[1] FROM regexp_matches(pg_get_constraintdef(oid), '[0-9]{10,}', 'g') b) AS bounds, convalidated
    FROM pg_constraint WHERE conrelid = 'message.entry_default'::regclass AND conname = 'entry_fence'`)
  if (!row) return null
  const [from, until] = row.bounds
  return { from: Number(from), until: Number(until), isChecked: row.convalidated }
}

/** From now on nothing of the span is stored there: a partition must be attached before it begins, or the fence be dropped. */
export const raiseFence = async (query: Query, { from, until }: Span): Promise<void> => {
  await waitForLocks(query, briefMs)
  await query(`
    ALTER TABLE message.entry_default ADD CONSTRAINT entry_fence
    CHECK (received_at < ${from} OR received_at >= ${until}) NOT VALID`)
}

/** Reads all that is there, while people go on writing and reading. */
export const checkFence = async (query: Query): Promise<void> => {
  await waitForLocks(query, vacuumMs)
  await query('ALTER TABLE message.entry_default VALIDATE CONSTRAINT entry_fence')
}

export const dropFence = async (query: Query, lockMs = briefMs): Promise<void> => {
  await waitForLocks(query, lockMs)
  await query('ALTER TABLE message.entry_default DROP CONSTRAINT entry_fence')
}

/** So near its span a fence is taken away: sends would fail in it. */
const fenceEndMs = 6 * 3_600_000
/** Whether it is time to take a fence away. */
export const isNear = ({ from }: Fence, now: number): boolean => from < now + fenceEndMs
/** So near the lock is worth that others wait for it. */
const urgentMs = 3_600_000

/**
 * Takes a fence away whose partition is still missing when its span is near. By the time of PostgreSQL alone, and at the start of
 * each pod: a pod whose clock is wrong, or that was away for hours, must not leave sends to fail.
 */
export const fenceJob: Job = {
  name: 'fence of entry_default',
  everyMs: 600_000,
  atStart: true,
  ignoresTime: true,
  async run(query, now) {
    const fence = await findFence(query)
    if (fence && isNear(fence, now)) await dropFence(query, fence.from < now + urgentMs ? vacuumMs : briefMs)
    return false
  },
}
