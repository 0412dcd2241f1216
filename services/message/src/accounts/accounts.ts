import type { MessageContext } from '../context.js'
import { applyEvents } from './apply-events.js'
import { Revocations } from './revocations.js'

export interface KnownUser {
  readonly userId: string
  readonly username: string
}

export interface Accounts {
  readonly revocations: Revocations
  /** Reads what is new in the feed; goes on with what is known when `auth` is away. */
  sync(): Promise<void>
  /** An active account by name; looks into the feed before it says null. */
  byName(username: string): Promise<KnownUser | null>
  byId(userId: string): Promise<KnownUser | null>
  stop(): void
}

const pollMs = 2_000
const pageSize = 500
const leewayMs = 60_000

interface AccountRow {
  readonly user_id: string
  readonly username: string
}

/** Follows the account feed: a projection in the database for all pods, revocations in the memory of each. */
export const startAccounts = async (context: MessageContext): Promise<Accounts> => {
  const { database, feed, clock, log } = context
  const keepMs = context.tokens.lifeSeconds * 1000 + leewayMs
  const revocations = new Revocations(keepMs)
  const [start] = await database.query<{ position: string }>('SELECT position FROM message.feed_position')
  let position = Number(start?.position ?? 0)
  const since = new Date(clock.now() - keepMs)
  const recent = await database.query<{ user_id: string; session_id: string | null; at: Date }>(
    'SELECT user_id, session_id, at FROM message.revocation WHERE at >= $1',
    [since],
  )
  for (const row of recent) {
    if (row.session_id) revocations.endSession(row.session_id, row.at.getTime())
    else revocations.endUser(row.user_id, row.at.getTime())
  }

  const readNews = async (): Promise<void> => {
    for (let more = true; more; ) {
      const page = await feed.eventsAfter(position, pageSize)
      // Memory first: a token that was taken back must not pass because the database is slow.
      for (const event of page.events) revocations.take(event)
      if (page.events.length > 0) await database.transaction(query => applyEvents(query, page.events))
      position = page.next
      more = page.more
    }
    revocations.prune(clock.now())
  }

  let running: Promise<void> | null = null
  let again = false
  const sync = (): Promise<void> => {
    if (running) {
      again = true
      return running
    }
    running = (async () => {
      do {
        again = false
        await readNews()
      } while (again)
    })()
      .catch(error => log.warn({ err: error }, 'the account feed could not be read; it is tried again'))
      .finally(() => {
        running = null
      })
    return running
  }

  const look = async (where: string, value: string): Promise<KnownUser | null> => {
    const sql = `SELECT user_id, username FROM message.account WHERE ${where} AND state = 'active'`
    const [row] = await database.query<AccountRow>(sql, [value])
    return row ? { userId: row.user_id, username: row.username } : null
  }
  const lookTwice = async (where: string, value: string): Promise<KnownUser | null> => {
    const known = await look(where, value)
    if (known) return known
    await sync()
    return look(where, value)
  }

  const timer = setInterval(() => void sync(), pollMs)
  timer.unref()
  const unsubscribe = context.bus.subscribe('account-events', () => void sync())
  await sync()
  return {
    revocations,
    sync,
    byName: username => lookTwice('username_key = $1', username.toLowerCase()),
    byId: userId => lookTwice('user_id = $1', userId),
    stop() {
      clearInterval(timer)
      unsubscribe()
    },
  }
}
