import type { Database } from '@qsm/server-kit'
import { lockMailboxesOf } from './create-mailbox.js'

/**
 * Deletes a message from all mailboxes of a user. False where none holds it. Mailboxes are locked before their entries, as
 * acknowledgements do, so that the two never wait for each other.
 */
export const deleteMessage = (database: Database, userId: string, messageId: string): Promise<boolean> =>
  database.transaction(async query => {
    await lockMailboxesOf(query, userId)
    const rows = await query('DELETE FROM message.entry WHERE user_id = $1 AND message_id = $2 RETURNING 1', [
      userId,
      messageId,
    ])
    return rows.length > 0
  })
