import type { AccountEvent, AccountFeed } from '@qsm/contract'

export interface HandFeed extends AccountFeed {
  /** Adds an event as `auth` would; returns its id. */
  add(event: Omit<AccountEvent, 'id'>): number
  /** While true, reading rejects, as when `auth` is away. */
  isAway: boolean
  /** How often it was read. */
  readonly reads: number
}

/** An account feed that a test fills by hand. */
export const createHandFeed = (): HandFeed => {
  const events: AccountEvent[] = []
  let reads = 0
  return {
    isAway: false,
    get reads() {
      return reads
    },
    add(event) {
      events.push({ ...event, id: events.length + 1 })
      return events.length
    },
    async eventsAfter(after, limit) {
      reads += 1
      if (this.isAway) throw new Error('auth is away')
      const page = events.slice(after, after + limit)
      return { events: page, next: page.at(-1)?.id ?? after, more: after + limit < events.length }
    },
  }
}
