import { usernameKey } from '@qsm/contract'
import { type AccountFollower, type Caller, type FollowOptions, followAccounts } from '@qsm/server-kit'
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

  const look = async (where: string, value: string): Promise<KnownUser | null> => {
    const [row] = await database.query<{ user_id: string; username: string }>(
      `SELECT user_id, username FROM message.account WHERE ${where} AND state = 'active'`,
      [value],
    )
    return row ? { userId: row.user_id, username: row.username } : null
  }

  return {
    ...follower,
    byName: username => follower.findTwice(() => look('username_key = $1', usernameKey(username))),
    byId: userId => follower.findTwice(() => look('user_id = $1', userId)),
    requireActiveUser: ({ userId }) => follower.requireKnown(() => look('user_id = $1', userId)),
  }
}
