import { createLookup, type Query } from '@qsm/server-kit'
import { type Connection, type ConnectionRow, orderedPair, seenBy } from './pair.js'

/** How a user stands to another one, unlocked; null where there never was anything between them. */
export type FindConnection = (userId: string, peerId: string) => Promise<Connection | null>

/** The same on one connection of the database. */
export const findConnection = async (query: Query, userId: string, peerId: string): Promise<Connection | null> => {
  const [row] = await query<ConnectionRow>(
    { name: 'find-connection', text: 'SELECT * FROM message.connection WHERE user_low = $1 AND user_high = $2' },
    orderedPair(userId, peerId),
  )
  return row ? seenBy(row, userId) : null
}

const keyOf = (pair: readonly string[]): string => pair.join('/')

/** Looks of one turn of the event loop share a statement. */
export const createFindConnection = (query: Query): FindConnection => {
  const look = createLookup<ConnectionRow>(async keys => {
    const pairs = keys.map(key => key.split('/'))
    const rows = await query<ConnectionRow>(
      {
        name: 'find-connections',
        text: `SELECT c.* FROM unnest($1::uuid[], $2::uuid[]) AS a(user_low, user_high)
          JOIN message.connection c USING (user_low, user_high)`,
      },
      [pairs.map(([low]) => low), pairs.map(([, high]) => high)],
    )
    return new Map(rows.map(row => [keyOf([row.user_low, row.user_high]), row]))
  })
  return async (userId, peerId) => {
    const row = await look(keyOf(orderedPair(userId, peerId)))
    return row && seenBy(row, userId)
  }
}
