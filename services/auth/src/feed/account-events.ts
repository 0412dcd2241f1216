import type { AccountEventType, AccountFeed } from '@qsm/contract'
import type { DataSource } from 'typeorm'
import { AccountEventEntity, type AccountEventRow } from '../entities/account-event.js'

export interface NewAccountEvent {
  readonly type: AccountEventType
  readonly userId: string
  readonly username: string
  readonly sessionId?: string | null
}

/** A transaction, of TypeORM or past it. */
interface Transaction {
  query(statement: string, values: unknown[]): Promise<unknown>
}

/**
 * Writes events in the caller's transaction, in the given order. The counter row is locked until that commits, so ids
 * have no gaps and none appears behind one that a reader has seen. To be called once and last: the lock serialises all
 * account changes, and who waited for another row behind it would meet those who hold that row and wait for the counter.
 */
export const appendAccountEvents = async (
  transaction: Transaction,
  events: readonly NewAccountEvent[],
  at: Date,
): Promise<void> => {
  if (events.length === 0) return
  await transaction.query(
    `WITH given AS (
       SELECT * FROM unnest($1::text[], $2::uuid[], $3::text[], $4::uuid[])
         WITH ORDINALITY AS event (type, user_id, username, session_id, place)),
     next AS (
       UPDATE auth.account_event_counter SET last_id = last_id + cardinality($1::text[]) RETURNING last_id)
     INSERT INTO auth.account_event (id, type, user_id, username, session_id, at)
     SELECT last_id - cardinality($1::text[]) + place, type, user_id, username, session_id, $5 FROM next, given`,
    [
      events.map(event => event.type),
      events.map(event => event.userId),
      events.map(event => event.username),
      events.map(event => event.sessionId ?? null),
      at,
    ],
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
