import { limits } from '@qsm/contract'
import type { Job } from '@qsm/server-kit'

const batch = 5_000
/** A body whose entries are all gone is kept this long, for a send that is just being stored. */
const bodyGraceMs = 3_600_000

const byTime = (table: string): string =>
  `DELETE FROM message.${table} WHERE ctid = ANY (ARRAY(
     SELECT ctid FROM message.${table} WHERE received_at < $1 LIMIT ${batch} FOR UPDATE SKIP LOCKED)) RETURNING 1`

const bodiesWithoutEntry = `DELETE FROM message.body WHERE ctid = ANY (ARRAY(
  SELECT b.ctid FROM message.body b WHERE b.received_at < $1 AND NOT EXISTS (
    SELECT 1 FROM message.entry e WHERE e.has_body AND e.sender_user = b.sender_user
      AND e.sender_device = b.sender_device AND e.message_id = b.message_id
  ) LIMIT ${batch} FOR UPDATE SKIP LOCKED)) RETURNING 1`

/**
 * Deletes what is over of messages: those that nobody acknowledged in the time of retention, bodies without an envelope,
 * the memory of repeated sends after 25 hours, and tickets that were not used.
 */
export const retentionJob = (retentionMs: number): Job => ({
  name: 'retention',
  everyMs: 600_000,
  async run(query, now) {
    const remove = async (sql: string, value: number | Date): Promise<number> => (await query(sql, [value])).length
    const removed = [
      await remove(byTime('sent'), now - limits.replayMemoryMs),
      await remove(byTime('thin_send'), now - limits.replayMemoryMs),
      await remove(byTime('seen'), now - limits.replayMemoryMs),
      await remove(byTime('entry'), now - retentionMs),
      await remove(byTime('body'), now - retentionMs),
      await remove(bodiesWithoutEntry, now - bodyGraceMs),
    ]
    await query('DELETE FROM message.ticket WHERE expires_at < $1', [new Date(now)])
    return removed.includes(batch)
  },
})
