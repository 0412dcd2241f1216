import { usernameKey } from '@qsm/contract'
import { type AccountFollower, type Caller, createLookup, type FollowOptions, followAccounts } from '@qsm/server-kit'
import { projectEvents } from './project-events.js'

export interface KnownUser {
  readonly userId: string
  /** As it was registered. */
  readonly username: string
}

export interface Accounts extends Pick<AccountFollower, 'check' | 'onRevoked' | 'sync' | 'stop'> {
  /** The caller's account. Throws `unauthorized` where it is gone, `unavailable` where it cannot be known just now. */
  requireActiveUser(caller: Pick<Caller, 'userId'>): Promise<KnownUser>
  /** An active account by name, in any case. Looks into the feed before it says null. */
  byName(username: string): Promise<KnownUser | null>
  /** The same by id. */
  byId(userId: string): Promise<KnownUser | null>
}

/** Follows the account feed: a projection in the database for all pods, revocations in the memory of each. */
export const startAccounts = async (options: Omit<FollowOptions, 'schema' | 'project'>): Promise<Accounts> => {
  const { database } = options
  const follower = await followAccounts({ ...options, schema: 'message', project: projectEvents })

  const lookBy = (column: 'username_key' | 'user_id', type: 'text' | 'uuid') =>
    createLookup<KnownUser>(async values => {
      const rows = await database.query<{ key: string; user_id: string; username: string }>(
        {
          name: `accounts-by-${column}`,
          text: `SELECT ${column} AS key, user_id, username FROM message.account
            WHERE ${column} = ANY($1::${type}[]) AND state = 'active'`,
        },
        [values],
      )
      return new Map(rows.map(row => [row.key, { userId: row.user_id, username: row.username }]))
    })
  const [byName, byId] = [lookBy('username_key', 'text'), lookBy('user_id', 'uuid')]

  return {
    ...follower,
    byName: username => follower.findTwice(() => byName(usernameKey(username))),
    byId: userId => follower.findTwice(() => byId(userId.toLowerCase())),
    requireActiveUser: ({ userId }) => follower.requireKnown(() => byId(userId.toLowerCase())),
  }
}
