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
  /**
   * Something new is in the feed: it is read and stored at once. Ended sessions alone, of which `onEvents` was told, are stored when
   * 250 ms have gone since the last time, so that many share one transaction.
   */
  hear(): void
  /** Resolves when nothing is under way any more. */
  stop(): Promise<void>
}

type FeedPage = Awaited<ReturnType<AccountFeed['eventsAfter']>>

const pageEvents = 500
/** What is read and not yet applied; what is beyond is read once more when its turn comes. */
const maxKeptPages = 20
const defaultWaitMs = 1_000
const gatherMs = 250
const applyPatience = { statementTimeoutMs: 30_000 }

/** Whether pages hold nothing but ended sessions. A new account must be there when its first request comes. */
const canWait = (pages: readonly FeedPage[]): boolean =>
  pages.length > 0 && pages.every(({ events }) => events.every(({ type }) => type === 'session_ended'))

/** The first pages that have no more events together than one may have; at least one page, where there is any. */
const firstTogether = (pages: readonly FeedPage[]): readonly FeedPage[] => {
  let count = 0
  const end = pages.findIndex((page, index) => {
    count += page.events.length
    return index > 0 && count > pageEvents
  })
  return end === -1 ? pages : pages.slice(0, end)
}

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
  let lastBegun = Number.NEGATIVE_INFINITY
  let later: NodeJS.Timeout | null = null

  const keep = (after: number, page: FeedPage) => {
    const end = kept.at(-1)?.next ?? applied
    if (page.events.length > 0 && after === end && kept.length < maxKeptPages) kept = [...kept, page]
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
    lastBegun = performance.now()
    while (applied < told && !stopped) {
      const known = firstTogether(kept)
      const pages = known.length > 0 ? known : [await feed.eventsAfter(applied, pageEvents)]
      const events = pages.flatMap(page => page.events)
      if (events.length > 0) await database.transaction(query => options.apply(query, events), applyPatience)
      kept = kept.slice(known.length)
      applied = pages.at(-1)?.next ?? applied
    }
  })
  const readAndApply = async (): Promise<boolean> => {
    const isRead = await read.run()
    return (await apply.run()) && isRead
  }
  const applyInItsTime = () => {
    if (stopped || applied === told) return
    const waitMs = lastBegun + gatherMs - performance.now()
    if (waitMs <= 0 || !canWait(kept)) return void apply.run()
    if (later) return
    later = setTimeout(() => {
      later = null
      void apply.run()
    }, waitMs).unref()
  }

  return {
    hear() {
      if (!stopped) void read.run().then(applyInItsTime)
    },
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
