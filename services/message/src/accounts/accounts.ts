import { type AccountFeed, usernameKey } from '@qsm/contract'
import { type Bus, type Caller, type Clock, type Database, type Logger, QsmError } from '@qsm/server-kit'
import { followFeed } from './follow-feed.js'
import { Revocations, type RevokedHandler, revokedBy } from './revocations.js'

export interface KnownUser {
  readonly userId: string
  /** As it was registered. */
  readonly username: string
}

export interface Accounts {
  /** Throws `unauthorized` for a caller whose session or account is over. */
  check(caller: Caller): void
  /** Calls the handler for each session and account that ends from now on. Returns the function that ends this. */
  onRevoked(handler: RevokedHandler): () => void
  /** The caller's account. Throws `unauthorized` where it is gone, `unavailable` where it cannot be known just now. */
  requireActiveUser(caller: Pick<Caller, 'userId'>): Promise<KnownUser>
  /** An active account by name, in any case. Looks into the feed before it says null. */
  byName(username: string): Promise<KnownUser | null>
  /** The same by id. */
  byId(userId: string): Promise<KnownUser | null>
  /** Reads what is new in the feed. False where `auth` is away or slower than `maxWaitMs` (a second): go on with what is known. */
  sync(maxWaitMs?: number): Promise<boolean>
  stop(): Promise<void>
}

export interface AccountsOptions {
  readonly database: Database
  readonly feed: AccountFeed
  readonly bus: Bus
  readonly clock: Clock
  readonly log: Logger
  readonly tokenLifeMs: number
}

const pollMs = 2_000
/** Clocks of pods differ, and tokens are taken a little longer than they say. */
const leewayMs = 60_000

interface RevocationRow {
  readonly user_id: string
  readonly session_id: string | null
  readonly at: Date
}

const loadRevocations = async (revocations: Revocations, database: Database, since: number): Promise<void> => {
  const rows = await database.query<RevocationRow>(
    'SELECT user_id, session_id, at FROM message.revocation WHERE at >= $1 ORDER BY at',
    [new Date(since)],
  )
  for (const row of rows) {
    revocations.add({ userId: row.user_id, sessionId: row.session_id, at: row.at.getTime() })
  }
}

/** Follows the account feed: a projection in the database for all pods, revocations in the memory of each. */
export const startAccounts = async (options: AccountsOptions): Promise<Accounts> => {
  const { database, clock } = options
  const keepMs = options.tokenLifeMs + leewayMs
  const revocations = new Revocations(keepMs)
  // The position first: what is applied between the two reads is then read again from the feed.
  const [start] = await database.query<{ position: string }>('SELECT position FROM message.feed_position')
  await loadRevocations(revocations, database, clock.now() - keepMs)
  const follower = followFeed({
    ...options,
    position: Number(start?.position ?? 0),
    onEvents(events) {
      for (const event of events) {
        const revoked = revokedBy(event)
        if (revoked) revocations.add(revoked)
      }
    },
  })

  const look = async (where: string, value: string): Promise<KnownUser | null> => {
    const [row] = await database.query<{ user_id: string; username: string }>(
      `SELECT user_id, username FROM message.account WHERE ${where} AND state = 'active'`,
      [value],
    )
    return row ? { userId: row.user_id, username: row.username } : null
  }
  const lookTwice = async (where: string, value: string): Promise<KnownUser | null> => {
    const known = await look(where, value)
    if (known) return known
    await follower.sync()
    return look(where, value)
  }

  const timer = setInterval(() => {
    void follower.sync()
    revocations.prune(clock.now())
  }, pollMs)
  timer.unref()
  const unsubscribe = options.bus.subscribe('account-events', () => void follower.sync())
  await follower.sync()
  return {
    check: caller => revocations.check(caller),
    onRevoked: handler => revocations.onRevoked(handler),
    sync: maxWaitMs => follower.sync(maxWaitMs),
    byName: username => lookTwice('username_key = $1', usernameKey(username)),
    byId: userId => lookTwice('user_id = $1', userId),
    async requireActiveUser({ userId }) {
      const known = await look('user_id = $1', userId)
      if (known) return known
      const isCurrent = await follower.sync()
      const found = await look('user_id = $1', userId)
      if (found) return found
      if (isCurrent) throw new QsmError('unauthorized')
      const text = 'Accounts cannot be looked up just now: try again in a moment.'
      throw new QsmError('unavailable', text, { retryAfterSeconds: 2 })
    },
    async stop() {
      clearInterval(timer)
      unsubscribe()
      await follower.stop()
    },
  }
}
