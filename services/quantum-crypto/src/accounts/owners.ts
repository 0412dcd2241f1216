import type { AccountEvent } from '@qsm/contract'
import { type AccountFollower, type Caller, type FollowOptions, followAccounts, type Query } from '@qsm/server-kit'

/** Users of whom keys may be held. A row of `crypto.owner` that goes takes every key of the user along, by foreign keys. */
export interface Owners extends Pick<AccountFollower, 'check' | 'onRevoked' | 'sync' | 'stop'> {
  /** Throws `unauthorized` where the user is gone or disabled, `unavailable` where that cannot be known just now. */
  require(caller: Pick<Caller, 'userId'>): Promise<void>
  /** The same over a look-up of something else that is null for such a user. */
  findActive<T>(find: () => Promise<T | null>): Promise<T>
}

const projectEvent = async (query: Query, event: AccountEvent): Promise<void> => {
  switch (event.type) {
    case 'created':
      await query(`INSERT INTO crypto.owner (user_id, state) VALUES ($1, 'active') ON CONFLICT (user_id) DO NOTHING`, [
        event.user_id,
      ])
      return
    case 'disabled':
    case 'enabled':
      await query('UPDATE crypto.owner SET state = $2 WHERE user_id = $1', [
        event.user_id,
        event.type === 'enabled' ? 'active' : 'disabled',
      ])
      return
    case 'deleted':
      await query('DELETE FROM crypto.device WHERE user_id = $1', [event.user_id])
      await query('DELETE FROM crypto.owner WHERE user_id = $1', [event.user_id])
      return
    case 'session_ended':
  }
}

/** Follows the account feed into `crypto.owner`. */
export const startOwners = async (options: Omit<FollowOptions, 'schema' | 'project'>): Promise<Owners> => {
  const follower = await followAccounts({ ...options, schema: 'crypto', project: projectEvent })
  return {
    ...follower,
    findActive: find => follower.requireKnown(find),
    async require({ userId }) {
      await follower.requireKnown(async () => {
        const [row] = await options.database.query<{ user_id: string }>(
          `SELECT user_id FROM crypto.owner WHERE user_id = $1 AND state = 'active'`,
          [userId],
        )
        return row ?? null
      })
    },
  }
}
