import { limits } from '@qsm/contract'
import type { MessageContext } from '../context.js'

const intervalMs = 600_000
const batch = 5_000
/** So that of several pods one does the work. */
const advisoryLock = 0x51_53_4d_01

const statements = (context: MessageContext, now: number): readonly (readonly [string, unknown])[] => {
  const replay = now - limits.replayMemoryMs
  const retention = now - context.retentionMs
  const byTime = (table: string) => `DELETE FROM message.${table} WHERE ctid IN (SELECT ctid FROM message.${table} WHERE received_at < $1 LIMIT ${batch})`
  return [
    [byTime('sent'), replay],
    [byTime('seen'), replay],
    [byTime('entry'), retention],
    [byTime('body'), retention],
    [
      `DELETE FROM message.body b WHERE ctid IN (
         SELECT b2.ctid FROM message.body b2 WHERE b2.received_at < $1 AND NOT EXISTS (
           SELECT 1 FROM message.entry e WHERE e.has_body AND e.sender_user = b2.sender_user
             AND e.sender_device = b2.sender_device AND e.message_id = b2.message_id
         ) LIMIT ${batch})`,
      now - 3_600_000,
    ],
    ['DELETE FROM message.ticket WHERE expires_at < $1', new Date(now)],
  ]
}

/** Deletes what is over: unacknowledged messages after the retention, replay memory after 25 hours, tickets, requests. */
export const runRetention = async (context: MessageContext): Promise<number> =>
  context.database.transaction(async query => {
    const [row] = await query<{ mine: boolean }>('SELECT pg_try_advisory_xact_lock($1) AS mine', [advisoryLock])
    if (!row?.mine) return 0
    let removed = 0
    for (const [sql, value] of statements(context, context.clock.now())) {
      removed += (await query(`${sql} RETURNING 1`, [value])).length
    }
    return removed
  })

export const startRetention = (context: MessageContext): (() => void) => {
  const run = async () => {
    try {
      while ((await runRetention(context)) >= batch) context.log.debug('retention goes on')
    } catch (error) {
      context.log.warn({ err: error }, 'retention failed; it is tried again in ten minutes')
    }
  }
  const timer = setInterval(() => void run(), intervalMs)
  timer.unref()
  return () => clearInterval(timer)
}
