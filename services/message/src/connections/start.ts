import type { Query } from '@qsm/server-kit'
import { type Connection, setState } from './pair.js'

/**
 * Whoever has claimed prekeys of another user starts the connection, unless it is started or open already. `connection` is
 * that of the row that the caller has locked. True where this changed it.
 */
export const startConnection = async (
  query: Query,
  userId: string,
  peerId: string,
  connection: Connection,
): Promise<boolean> => {
  if (connection.state === 'open' || connection.state === 'started') return false
  await setState(query, userId, peerId, 'started', userId, connection.requestId)
  return true
}
