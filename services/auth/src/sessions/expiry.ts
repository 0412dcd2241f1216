import type { Job } from '@qsm/server-kit'
import { appendAccountEvents } from '../feed/account-events.js'

const batchSize = 100

// Rows that a request holds are left to the next time.
const deleteBatch = `
  WITH ended AS (
    DELETE FROM auth.login_session WHERE session_id IN (
      SELECT session_id FROM auth.login_session WHERE expires_at <= $1
      ORDER BY expires_at LIMIT ${batchSize} FOR UPDATE SKIP LOCKED)
    RETURNING session_id, user_id)
  SELECT session_id, user_id, username FROM ended JOIN auth.account USING (user_id)`

interface Ended {
  readonly session_id: string
  readonly user_id: string
  readonly username: string
}

/**
 * Removes login sessions that are over, with their refresh tokens, and tells the feed. No hint is given: their tokens ended
 * long before, so other services have time to tidy up.
 */
export const expiryJob: Job = {
  name: 'session-expiry',
  everyMs: 3_600_000,
  async run(query, now) {
    const at = new Date(now)
    const rows = await query<Ended>(deleteBatch, [at])
    const events = rows.map(row => ({
      type: 'session_ended' as const,
      userId: row.user_id,
      username: row.username,
      sessionId: row.session_id,
    }))
    await appendAccountEvents({ query }, events, at)
    return rows.length === batchSize
  },
}
