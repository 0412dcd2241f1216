import type { AccountEventType, AccountFeed } from '@qsm/contract'
import type { DataSource, EntityManager } from 'typeorm'
import { AccountEventEntity, type AccountEventRow } from '../entities/account-event.js'

export interface NewAccountEvent {
  readonly type: AccountEventType
  readonly userId: string
  readonly username: string
  readonly sessionId?: string | null
}

/**
 * Writes one event in the caller's transaction. The counter row is locked until that commits, so ids have no gaps and
 * none appears behind one that a reader has seen. Call it last: the lock serialises all account changes.
 */
export const appendAccountEvent = async (manager: EntityManager, event: NewAccountEvent, at: Date): Promise<void> => {
  await manager.query(
    `WITH next AS (UPDATE auth.account_event_counter SET last_id = last_id + 1 RETURNING last_id)
     INSERT INTO auth.account_event (id, type, user_id, username, session_id, at)
     SELECT last_id, $1, $2, $3, $4, $5 FROM next`,
    [event.type, event.userId, event.username, event.sessionId ?? null, at],
  )
}

const present = (row: AccountEventRow) => ({
  id: Number(row.id),
  type: row.type as AccountEventType,
  user_id: row.userId,
  username: row.username,
  session_id: row.sessionId,
  at: row.at.toISOString(),
})

/** The feed over this service's own table. */
export const createAccountFeed = (dataSource: DataSource): AccountFeed => ({
  async eventsAfter(after, limit) {
    const rows = await dataSource
      .getRepository(AccountEventEntity)
      .createQueryBuilder('event')
      .where('event.id > :after', { after: String(after) })
      .orderBy('event.id', 'ASC')
      .limit(limit + 1)
      .getMany()
    const events = rows.slice(0, limit).map(present)
    return { events, next: events.at(-1)?.id ?? Number(after), more: rows.length > limit }
  },
})
