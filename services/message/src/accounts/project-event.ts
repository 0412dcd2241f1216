import { type AccountEvent, usernameKey } from '@qsm/contract'
import type { Query } from '@qsm/server-kit'
import { lockMailboxesOf } from '../mailbox/create-mailbox.js'

/** Everything of a user goes with the account, by foreign keys; locked before in the order that all transactions keep. */
const removeUser = async (query: Query, userId: string): Promise<void> => {
  await query('SELECT 1 FROM message.account WHERE user_id = $1 FOR UPDATE', [userId])
  await query(
    `SELECT 1 FROM message.connection WHERE user_low = $1 OR user_high = $1 ORDER BY user_low, user_high FOR UPDATE`,
    [userId],
  )
  await lockMailboxesOf(query, userId)
  await query('DELETE FROM message.account WHERE user_id = $1', [userId])
}

/** What an event changes here. A deleted account takes everything of its user along. */
export const projectEvent = async (query: Query, event: AccountEvent): Promise<void> => {
  switch (event.type) {
    case 'created':
      await query(
        `INSERT INTO message.account (user_id, username, username_key, state, created_at)
         VALUES ($1, $2, $3, 'active', $4) ON CONFLICT (user_id) DO NOTHING`,
        [event.user_id, event.username, usernameKey(event.username), event.at],
      )
      return
    case 'disabled':
    case 'enabled':
      await query('UPDATE message.account SET state = $2 WHERE user_id = $1', [
        event.user_id,
        event.type === 'enabled' ? 'active' : 'disabled',
      ])
      return
    case 'deleted':
      await removeUser(query, event.user_id)
      return
    case 'session_ended':
      await query('DELETE FROM message.device_binding WHERE session_id = $1', [event.session_id])
  }
}
