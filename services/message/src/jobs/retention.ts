import { limits } from '@qsm/contract'
import type { Job } from '@qsm/server-kit'
import { createWalk } from './walk.js'

const everyMs = 600_000
/** Rows of a few hundred bytes. */
const smallBatch = 5_000
/** Rows of up to 98 KB: a go takes half a second. */
const largeBatch = 1_000
/** A body whose entries are all gone is kept this long, for a send that is just being stored. */
const bodyGraceMs = 3_600_000

const byTime = (table: string, batch: number, keepMs: number): Job => ({
  name: `retention of ${table}`,
  everyMs,
  async run(query, now) {
    const rows = await query(
      `DELETE FROM message.${table} WHERE ctid = ANY (ARRAY(
         SELECT ctid FROM message.${table} WHERE received_at < $1 ORDER BY received_at LIMIT ${batch}
         FOR UPDATE SKIP LOCKED)) RETURNING 1`,
      [now - keepMs],
    )
    return rows.length === batch
  },
})

/**
 * The entries from before there were partitions, until their partition goes as a whole. Those of a mailbox lie in the order of
 * their time, so its first one says whether any is over: the table needs no index by time, which every send would pay for.
 */
const entriesFromBefore = (keepMs: number): Job => {
  const walk = createWalk({
    ...{ name: 'retention of entry', everyMs, batch: largeBatch, keepMs },
    start: ['00000000-0000-0000-0000-000000000000', '0'],
    statement: `
WITH part AS MATERIALIZED (
  SELECT user_id, device_id FROM message.mailbox
  WHERE (user_id, device_id) > ($2::uuid, $3::bigint) ORDER BY user_id, device_id LIMIT ${largeBatch}
), old AS MATERIALIZED (
  SELECT p.user_id, p.device_id FROM part p CROSS JOIN LATERAL (
    SELECT o.received_at FROM message.entry_before o
    WHERE o.user_id = p.user_id AND o.device_id = p.device_id ORDER BY o.sequence LIMIT 1
  ) head WHERE head.received_at < $1
), gone AS (
  DELETE FROM message.entry_before WHERE ctid = ANY (ARRAY(
    SELECT e.ctid FROM old CROSS JOIN LATERAL (
      SELECT o.ctid, o.received_at FROM message.entry_before o
      WHERE o.user_id = old.user_id AND o.device_id = old.device_id
      ORDER BY o.sequence LIMIT ${largeBatch} FOR UPDATE SKIP LOCKED
    ) e WHERE e.received_at < $1 LIMIT ${largeBatch})) RETURNING 1
)
SELECT g.removed, ARRAY[n.user_id::text, n.device_id::text] AS last, n.user_id IS NOT NULL AS more
FROM (SELECT count(*)::int AS removed FROM gone) g
LEFT JOIN (SELECT * FROM part ORDER BY user_id, device_id OFFSET ${largeBatch - 1} LIMIT 1) n ON true`,
  })
  return {
    ...walk,
    async run(query, now) {
      const [found] = await query<{ there: boolean }>("SELECT to_regclass('message.entry_before') IS NOT NULL AS there")
      return found?.there === true && walk.run(query, now)
    },
  }
}

/** Bodies are looked at in the order of their key, each with one look into the index of entries that have a body. */
const bodiesWithoutEntry = (): Job =>
  createWalk({
    ...{ name: 'retention of bodies without entry', everyMs, batch: largeBatch, keepMs: bodyGraceMs },
    start: ['00000000-0000-0000-0000-000000000000', '0', '00000000-0000-0000-0000-000000000000'],
    statement: `
WITH part AS MATERIALIZED (
  SELECT ctid AS place, sender_user, sender_device, message_id, received_at FROM message.body
  WHERE (sender_user, sender_device, message_id) > ($2::uuid, $3::bigint, $4::uuid)
  ORDER BY sender_user, sender_device, message_id LIMIT ${largeBatch}
), gone AS (
  DELETE FROM message.body WHERE ctid = ANY (ARRAY(
    SELECT b.ctid FROM part p JOIN message.body b ON b.ctid = p.place
    WHERE p.received_at < $1 AND (SELECT true FROM message.entry e
      WHERE e.has_body AND e.sender_user = p.sender_user AND e.sender_device = p.sender_device
        AND e.message_id = p.message_id LIMIT 1) IS NULL
    FOR UPDATE OF b SKIP LOCKED)) RETURNING 1
)
SELECT g.removed, ARRAY[n.sender_user::text, n.sender_device::text, n.message_id::text] AS last,
  n.sender_user IS NOT NULL AS more
FROM (SELECT count(*)::int AS removed FROM gone) g
LEFT JOIN (
  SELECT * FROM part ORDER BY sender_user, sender_device, message_id OFFSET ${largeBatch - 1} LIMIT 1
) n ON true`,
  })

const tickets: Job = {
  name: 'retention of ticket',
  everyMs,
  async run(query, now) {
    await query('DELETE FROM message.ticket WHERE expires_at < $1', [new Date(now)])
    return false
  },
}

/**
 * Deletes what is over of messages, each table by itself in batches: entries past retention that lie in no partition of their
 * time (the others go with theirs, partitions.ts), bodies without an entry, the memory of repeated sends after 25 hours, and tickets that were not used.
 */
export const retentionJobs = (retentionMs: number): readonly Job[] => [
  byTime('sent', smallBatch, limits.replayMemoryMs),
  byTime('thin_send', smallBatch, limits.replayMemoryMs),
  byTime('seen', smallBatch, limits.replayMemoryMs),
  entriesFromBefore(retentionMs),
  byTime('entry_default', largeBatch, retentionMs),
  bodiesWithoutEntry(),
  tickets,
]
