import type { AccountFeed } from '@qsm/contract'
import type { Bus } from '../bus/bus.js'
import type { Clock } from '../clock.js'
import type { Database } from '../database/connection.js'
import { QsmError } from '../errors/qsm-error.js'
import type { Logger } from '../log.js'
import type { Caller } from '../tokens/access-tokens.js'
import { applyEvents, type ProjectEvents } from './apply-events.js'
import { followFeed } from './follow-feed.js'
import { Revocations, type RevokedHandler, revokedBy } from './revocations.js'

export interface AccountFollower {
  /** Throws `unauthorized` for a caller whose session or account is over. */
  check(caller: Pick<Caller, 'userId' | 'sessionId' | 'issuedAt'>): void
  /** Calls the handler for each session and account that ends from now on. Returns the function that ends this. */
  onRevoked(handler: RevokedHandler): () => void
  /** Reads what is new in the feed. False where `auth` is away or slower than `maxWaitMs` (a second): go on with what is known. */
  sync(maxWaitMs?: number): Promise<boolean>
  /** What is found, if need be after a look into the feed. */
  findTwice<T>(find: () => Promise<T | null>): Promise<T | null>
  /** The same for what belongs to the caller. Throws `unauthorized` where it is gone, `unavailable` where that cannot be known. */
  requireKnown<T>(find: () => Promise<T | null>): Promise<T>
  /** Resolves when nothing is under way any more. */
  stop(): Promise<void>
}

export interface FollowOptions {
  /** Holds `feed_position` and `revocation`, see `applyEvents`. */
  readonly schema: string
  readonly database: Database
  readonly feed: AccountFeed
  readonly bus: Bus
  readonly clock: Clock
  readonly log: Logger
  readonly tokenLifeMs: number
  readonly project: ProjectEvents
}

const pollMs = 2_000
/** Clocks of pods differ, and tokens are taken a little longer than they say. */
const leewayMs = 60_000

interface RevocationRow {
  readonly user_id: string
  readonly session_id: string | null
  readonly at: Date
}

/**
 * Follows the account feed of `auth`: what `project` makes of it in the database for all pods, revocations in the memory of
 * each. It is read every two seconds, on a hint of the bus, and when asked; ended sessions that hints tell of are stored four
 * times a second at most.
 */
export const followAccounts = async (options: FollowOptions): Promise<AccountFollower> => {
  const { schema, database, clock } = options
  const keepMs = options.tokenLifeMs + leewayMs
  const revocations = new Revocations(keepMs)
  // The position first: what is applied between the two reads is then read again from the feed.
  const [start] = await database.query<{ position: string }>(`SELECT position FROM ${schema}.feed_position`)
  const known = await database.query<RevocationRow>(
    `SELECT user_id, session_id, at FROM ${schema}.revocation WHERE at >= $1 ORDER BY at`,
    [new Date(clock.now() - keepMs)],
  )
  for (const row of known) {
    revocations.add({ userId: row.user_id, sessionId: row.session_id, at: row.at.getTime() })
  }
  const follower = followFeed({
    ...options,
    position: Number(start?.position ?? 0),
    onEvents(events) {
      for (const event of events) {
        const revoked = revokedBy(event)
        if (revoked) revocations.add(revoked)
      }
    },
    apply: (query, events) => applyEvents(query, events, options),
  })
  const timer = setInterval(() => {
    void follower.sync()
    revocations.prune(clock.now())
  }, pollMs)
  timer.unref()
  const unsubscribe = options.bus.subscribe('account-events', () => follower.hear())
  await follower.sync()
  return {
    check: caller => revocations.check(caller),
    onRevoked: handler => revocations.onRevoked(handler),
    sync: maxWaitMs => follower.sync(maxWaitMs),
    async findTwice(find) {
      const found = await find()
      if (found !== null) return found
      await follower.sync()
      return find()
    },
    async requireKnown(find) {
      const known = await find()
      if (known !== null) return known
      const isCurrent = await follower.sync()
      const found = await find()
      if (found !== null) return found
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
