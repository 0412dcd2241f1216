import type { Database } from '@qsm/server-kit'
import { lockPair, setState } from './pair.js'

/**
 * Closes what is between two users: neither can send until one of them has asked again and the other has accepted. Requests
 * that wait go unanswered; a block stays.
 */
export const closeConnection = (database: Database, userId: string, peerId: string, now: number): Promise<void> =>
  database.transaction(async query => {
    await lockPair(query, userId, peerId)
    await query(
      `UPDATE message.connection_request SET state = 'rejected', answered_at = $3
       WHERE from_user IN ($1, $2) AND to_user IN ($1, $2) AND state = 'pending'`,
      [userId, peerId, new Date(now)],
    )
    await setState(query, userId, peerId, 'none', null, null)
    await query('DELETE FROM message.started_use WHERE from_user IN ($1, $2) AND to_user IN ($1, $2)', [userId, peerId])
  })
