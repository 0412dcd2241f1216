import type { AccountEventType, AccountFeed } from '@qsm/contract'
import type { Query } from '@qsm/server-kit'

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

interface Row {
  readonly id: string
  readonly type: AccountEventType
  readonly user_id: string
  readonly username: string
  readonly session_id: string | null
  readonly at: Date
}

const after = {
  name: 'account-events-after',
  text: `SELECT id, type, user_id, username, session_id, at FROM auth.account_event
         WHERE id > $1 ORDER BY id LIMIT $2`,
}

/** The feed over this service's own table. */
export const createAccountFeed = (query: Query): AccountFeed => ({
  async eventsAfter(position, limit) {
    const rows = await query<Row>(after, [position, limit + 1])
    const events = rows.slice(0, limit).map(row => ({ ...row, id: Number(row.id), at: row.at.toISOString() }))
    return { events, next: events.at(-1)?.id ?? Number(position), more: rows.length > limit }
  },
})
