import type { AccountEvent } from '@qsm/contract'

/** What is left of a run of events when the last one of each account and session counts. */
export interface FoldedEvents {
  /** Accounts that are new and still there. */
  readonly created: readonly AccountEvent[]
  /** Last state of accounts that were disabled or enabled and are still there, by user id. */
  readonly states: ReadonlyMap<string, 'active' | 'disabled'>
  /** Ids of users who are gone. */
  readonly deleted: readonly string[]
  /** Ids of login sessions that have ended. */
  readonly endedSessions: readonly string[]
}

/**
 * Folds events of the feed, in their order. Deletions are to be applied first, since another account may have the name by
 * now; the id of a deleted account never comes back.
 */
export const foldEvents = (events: readonly AccountEvent[]): FoldedEvents => {
  const created = new Map<string, AccountEvent>()
  const states = new Map<string, 'active' | 'disabled'>()
  const deleted = new Set<string>()
  const endedSessions = new Set<string>()
  for (const event of events) {
    const { user_id: userId } = event
    if (event.type === 'created') created.set(userId, event)
    else if (event.type === 'enabled') states.set(userId, 'active')
    else if (event.type === 'disabled') states.set(userId, 'disabled')
    else if (event.type === 'session_ended' && event.session_id) endedSessions.add(event.session_id)
    else if (event.type === 'deleted') {
      created.delete(userId)
      states.delete(userId)
      deleted.add(userId)
    }
  }
  return { created: [...created.values()], states, deleted: [...deleted], endedSessions: [...endedSessions] }
}
