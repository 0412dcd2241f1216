import type { Query } from '@qsm/server-kit'

/** Of somebody with more contacts not all are told who comes and goes; messages reach all of them. */
const maxContacts = 1_000

/** Users with whom a connection is open and blocked by neither. */
export const contactsOf = async (query: Query, userId: string): Promise<readonly string[]> => {
  const rows = await query<{ peer_id: string }>(
    {
      name: 'contacts',
      text: `SELECT CASE WHEN user_low = $1 THEN user_high ELSE user_low END AS peer_id FROM message.connection
        WHERE (user_low = $1 OR user_high = $1) AND state = 'open' AND NOT blocked_by_low AND NOT blocked_by_high
        LIMIT ${maxContacts}`,
    },
    [userId],
  )
  return rows.map(row => row.peer_id)
}
