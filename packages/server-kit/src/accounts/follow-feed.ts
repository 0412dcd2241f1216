import { setTimeout as sleep } from 'node:timers/promises'
import type { AccountEvent, AccountFeed } from '@qsm/contract'
import type { Database, Query } from '../database/connection.js'
import type { Logger } from '../log.js'

export interface FeedFollower {
  /**
   * Reads and applies everything that was in the feed when it is called. False when the feed cannot be read, or not within
   * `maxWaitMs`; then it goes on behind.
   */
  sync(maxWaitMs?: number): Promise<boolean>
  /** Resolves when nothing is under way any more. */
  stop(): Promise<void>
}

const pageEvents = 500
const defaultWaitMs = 1_000
/** A deleted account may take a large mailbox along. */
const applyPatience = { statementTimeoutMs: 30_000 }

/** Follows the feed from a position. `onEvents` is told of events before they are stored. */
export const followFeed = (options: {
  readonly feed: AccountFeed
  readonly database: Database
  readonly log: Logger
  readonly position: number
  readonly onEvents: (events: readonly AccountEvent[]) => void
  /** Stores events, within a transaction. */
  readonly apply: (query: Query, events: readonly AccountEvent[]) => Promise<void>
}): FeedFollower => {
  const { feed, database, log } = options
  let position = options.position
  let running: Promise<boolean> | null = null
  let wantsMore = false
  let stopped = false

  const readNews = async (): Promise<void> => {
    for (let more = true; more && !stopped; ) {
      const page = await feed.eventsAfter(position, pageEvents)
      if (page.events.length > 0) {
        // Memory first: a token that was taken back must not pass because the database is slow.
        options.onEvents(page.events)
        await database.transaction(query => options.apply(query, page.events), applyPatience)
      }
      position = page.next
      more = page.more
    }
  }
  const readUntilNobodyAsks = async (): Promise<boolean> => {
    try {
      do {
        wantsMore = false
        await readNews()
      } while (wantsMore)
      return true
    } catch (error) {
      log.warn({ err: error }, 'the account feed could not be read; it is tried again')
      return false
    } finally {
      running = null
    }
  }

  return {
    sync(maxWaitMs = defaultWaitMs) {
      if (stopped) return Promise.resolve(false)
      if (running) wantsMore = true
      else running = readUntilNobodyAsks()
      return Promise.race([running, sleep(maxWaitMs, false, { ref: false })])
    },
    async stop() {
      stopped = true
      wantsMore = false
      await running
    },
  }
}
