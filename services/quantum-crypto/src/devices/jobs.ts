import { limits } from '@qsm/contract'
import type { Job, Logger, Query } from '@qsm/server-kit'
import type { ManagedDevices } from './managed-devices.js'

const batch = 5_000
const dayMs = 86_400_000
/** Longer than a server keeps mail by default, and than a client repeats. */
const seenLifeMs = 45 * dayMs
/** A sender and its server may keep a message this much longer than this server does. */
const seenGraceMs = 15 * dayMs

const remove = async (query: Query, table: string, column: string, before: number): Promise<boolean> => {
  const rows = await query(
    `DELETE FROM crypto.${table} WHERE ctid = ANY (ARRAY(
       SELECT ctid FROM crypto.${table} WHERE ${column} <= $1 LIMIT ${batch} FOR UPDATE SKIP LOCKED)) RETURNING 1`,
    [before],
  )
  return rows.length === batch
}

/**
 * Deletes what is over of managed devices: texts and quarantined entries after the time of retention, sealed sends after 25
 * hours, private halves of prekeys after their notAfter, requests and answers after 14 days, marks of what was seen.
 */
const retentionJob = (retentionMs: number): Job => ({
  name: 'managed-retention',
  everyMs: 600_000,
  async run(query, now) {
    const keptSince = now - retentionMs
    const more = [
      await remove(query, 'opened', 'received_at', keptSince),
      await remove(query, 'quarantine', 'received_at', keptSince),
      await remove(query, 'announced', 'announced_at', keptSince),
      await remove(query, 'seen', 'seen_at', now - Math.max(seenLifeMs, retentionMs + seenGraceMs)),
      await remove(query, 'outbox', 'created_at', now - limits.replayMemoryMs),
      await remove(query, 'prekey', 'not_after', now),
      await remove(query, 'request', 'expires_at', now),
      await remove(query, 'answer', 'expires_at', now),
    ]
    return more.includes(true)
  },
})

const usersAtOnce = 20
const firstUser = '00000000-0000-0000-0000-000000000000'

/** Drops keys that are too old to keep: of archived sessions, and of envelopes that never came. */
const tidyJob = (devices: ManagedDevices, log: Logger): Job => ({
  name: 'managed-tidy',
  everyMs: 3_600_000,
  async run(query, now) {
    for (let after = firstUser; ; ) {
      const users = await query<{ user_id: string }>(
        `SELECT DISTINCT user_id FROM crypto.peer WHERE tidy_at <= $1 AND user_id > $2 ORDER BY user_id LIMIT ${usersAtOnce}`,
        [now, after],
      )
      for (const { user_id } of users) {
        // One whose rows do not open, or who was deleted just now, does not keep the others from being tidied.
        await devices
          .tidy(user_id)
          .catch(error => log.warn({ err: error }, 'sessions of a managed device were not tidied'))
      }
      const last = users.at(-1)
      if (!last) return false
      after = last.user_id
    }
  },
})

/** The periodic work for managed devices. */
export const deviceJobs = (options: {
  readonly devices: ManagedDevices
  readonly retentionMs: number
  readonly log: Logger
}): readonly Job[] => [retentionJob(options.retentionMs), tidyJob(options.devices, options.log)]
