import { createBatcher, type Database, uuids } from '@qsm/server-kit'

/** Of somebody with more contacts not all are told who comes and goes; messages reach all of them. */
const maxContacts = 1_000
/** So many users with so many contacts are 16 000 hints, which are told in one turn of the event loop. */
const maxUsers = 16

const reachable = "state = 'open' AND NOT blocked_by_low AND NOT blocked_by_high"

/** The array is hidden behind a SELECT, so that one plan is kept for every length. */
const contactsStatement = `
SELECT n.ix, array_agg(c.peer_id) AS peers
FROM unnest((SELECT $1::uuid[])) WITH ORDINALITY AS n(user_id, ix)
CROSS JOIN LATERAL (
  SELECT user_high AS peer_id FROM message.connection WHERE user_low = n.user_id AND ${reachable}
  UNION ALL
  SELECT user_low FROM message.connection WHERE user_high = n.user_id AND ${reachable}
  LIMIT ${maxContacts}
) c
GROUP BY n.ix`

interface ContactsRow {
  readonly ix: string
  readonly peers: readonly string[]
}

/** Finds the users with whom a user has an open connection that neither has blocked; who comes at one time shares a statement. */
export const createContacts = (database: Pick<Database, 'query'>): ((userId: string) => Promise<readonly string[]>) =>
  createBatcher<string, readonly string[]>({
    maxItems: maxUsers,
    maxInFlight: 1,
    async run(userIds) {
      const rows = await database.query<ContactsRow>({ name: 'contacts', text: contactsStatement }, [uuids(userIds)])
      const peersOf = new Map(rows.map(({ ix, peers }) => [Number(ix) - 1, peers]))
      return userIds.map((_, index) => peersOf.get(index) ?? [])
    },
  })
