import type { Database } from '@qsm/server-kit'

/** Deletes a message from all mailboxes of a user. False where none holds it. */
export const deleteMessage = async (database: Database, userId: string, messageId: string): Promise<boolean> => {
  const rows = await database.query('DELETE FROM message.entry WHERE user_id = $1 AND message_id = $2 RETURNING 1', [
    userId,
    messageId,
  ])
  return rows.length > 0
}
