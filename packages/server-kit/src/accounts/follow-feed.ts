import { setTimeout as sleep } from 'node:timers/promises'
import type { AccountEvent, AccountFeed } from '@qsm/contract'
import type { Database, Query } from '../database/connection.js'
import type { Logger } from '../log.js'
import { createRunner } from './runner.js'

export interface FeedFollower {
  /**
   * Reads and applies everything that was in the feed when it is called. False when the feed cannot be read, or when it is
   * not applied within `maxWaitMs`; then it goes on behind.
   */
  sync(maxWaitMs?: number): Promise<boolean>
  /** Resolves when nothing is under way any more. */
  stop(): Promise<void>
}

type FeedPage = Awaited<ReturnType<AccountFeed['eventsAfter']>>

const pageEvents = 500
/** What is read and not yet applied; what is beyond is read once more when its turn comes. */
const maxKeptPages = 20
const defaultWaitMs = 1_000
const applyPatience = { statementTimeoutMs: 30_000 }

/**
 * Follows the feed from a position. `onEvents` is told of events as soon as they are read, however long it takes to store
 * those before them: a token that was taken back must not pass because the database is slow.
 */
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
  let told = options.position
  let applied = options.position
  let kept: readonly FeedPage[] = []
  let stopped = false

  const keep = (after: number, page: FeedPage) => {
    const end = kept.at(-1)?.next ?? applied
    if (after === end && kept.length < maxKeptPages) kept = [...kept, page]
  }
  const read = createRunner(log, 'the account feed could not be read; it is tried again', async () => {
    for (let more = true; more && !stopped; ) {
      const page = await feed.eventsAfter(told, pageEvents)
      options.onEvents(page.events)
      keep(told, page)
      told = page.next
      more = page.more
    }
  })
  const apply = createRunner(log, 'the account feed could not be stored; it is tried again', async () => {
    while (applied < told && !stopped) {
      const first = kept[0]
      const page = first ?? (await feed.eventsAfter(applied, pageEvents))
      if (page.events.length > 0) {
        await database.transaction(query => options.apply(query, page.events), applyPatience)
      }
      if (first) kept = kept.slice(1)
      applied = page.next
    }
  })
  const readAndApply = async (): Promise<boolean> => {
    const isRead = await read.run()
    return (await apply.run()) && isRead
  }

  return {
    sync(maxWaitMs = defaultWaitMs) {
      if (stopped) return Promise.resolve(false)
      return Promise.race([readAndApply(), sleep(maxWaitMs, false, { ref: false })])
    },
    async stop() {
      stopped = true
      await read.settled()
      await apply.settled()
    },
  }
}
