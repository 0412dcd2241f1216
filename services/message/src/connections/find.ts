import type { Query } from '@qsm/server-kit'
import { type Connection, type ConnectionRow, orderedPair, seenBy } from './pair.js'

/** How a user stands to another one, unlocked; null where there never was anything between them. */
export const findConnection = async (query: Query, userId: string, peerId: string): Promise<Connection | null> => {
  const [row] = await query<ConnectionRow>(
    { name: 'find-connection', text: 'SELECT * FROM message.connection WHERE user_low = $1 AND user_high = $2' },
    orderedPair(userId, peerId),
  )
  return row ? seenBy(row, userId) : null
}
