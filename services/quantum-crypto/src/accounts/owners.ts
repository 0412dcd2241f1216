import type { AccountEvent } from '@qsm/contract'
import {
  type AccountFollower,
  type Caller,
  createLookup,
  type FollowOptions,
  foldEvents,
  followAccounts,
  type Query,
} from '@qsm/server-kit'

/** Users of whom keys may be held. A row of `crypto.owner` that goes takes every key of the user along, by foreign keys. */
export interface Owners extends Pick<AccountFollower, 'check' | 'onRevoked' | 'sync' | 'stop'> {
  /** Throws `unauthorized` where the user is gone or disabled, `unavailable` where that cannot be known just now. */
  require(caller: Pick<Caller, 'userId'>): Promise<void>
  /** The same over a look-up of something else that is null for such a user. */
  findActive<T>(find: () => Promise<T | null>): Promise<T>
}

const projectEvents = async (query: Query, events: readonly AccountEvent[]): Promise<void> => {
  const { created, states, deleted } = foldEvents(events)
  // Owners before what hangs on them, in one order.
  if (states.size + deleted.length > 0) {
    await query('SELECT 1 FROM crypto.owner WHERE user_id = ANY($1::uuid[]) ORDER BY user_id FOR UPDATE', [
      [...states.keys(), ...deleted],
    ])
  }
  if (deleted.length > 0) {
    await query('DELETE FROM crypto.device WHERE user_id = ANY($1::uuid[])', [deleted])
    await query('DELETE FROM crypto.owner WHERE user_id = ANY($1::uuid[])', [deleted])
  }
  if (created.length > 0) {
    await query(
      `INSERT INTO crypto.owner (user_id, state) SELECT u, 'active' FROM unnest($1::uuid[]) AS u
       ON CONFLICT (user_id) DO NOTHING`,
      [created.map(event => event.user_id)],
    )
  }
  if (states.size > 0) {
    await query(
      `UPDATE crypto.owner o SET state = s.state FROM unnest($1::uuid[], $2::text[]) AS s(user_id, state)
       WHERE o.user_id = s.user_id`,
      [[...states.keys()], [...states.values()]],
    )
  }
}

/** Follows the account feed into `crypto.owner`. */
export const startOwners = async (options: Omit<FollowOptions, 'schema' | 'project'>): Promise<Owners> => {
  const { database } = options
  const findActive = createLookup(async userIds => {
    const rows = await database.query<{ user_id: string }>(
      {
        name: 'active-owners',
        text: `SELECT user_id FROM crypto.owner WHERE user_id = ANY($1::uuid[]) AND state = 'active'`,
      },
      [userIds],
    )
    return new Map(rows.map(({ user_id }) => [user_id, user_id]))
  })
  const follower = await followAccounts({ ...options, schema: 'crypto', project: projectEvents })
  return {
    ...follower,
    findActive: find => follower.requireKnown(find),
    async require({ userId }) {
      await follower.requireKnown(() => findActive(userId))
    },
  }
}
