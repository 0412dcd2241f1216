import { EntitySchema } from 'typeorm'

/** One row of the feed by which other services learn what became of accounts and login sessions. */
export interface AccountEventRow {
  /** Without gaps, in commit order. */
  id: string
  type: string
  userId: string
  username: string
  sessionId: string | null
  at: Date
}

export const AccountEventEntity = new EntitySchema<AccountEventRow>({
  name: 'AccountEvent',
  schema: 'auth',
  tableName: 'account_event',
  columns: {
    id: { type: 'bigint', primary: true, primaryKeyConstraintName: 'account_event_pkey' },
    type: { type: 'varchar', length: 20 },
    userId: { name: 'user_id', type: 'uuid' },
    username: { type: 'varchar', length: 50 },
    sessionId: { name: 'session_id', type: 'uuid', nullable: true },
    at: { type: 'timestamptz' },
  },
})

export interface AccountEventCounter {
  single: boolean
  lastId: string
}

export const AccountEventCounterEntity = new EntitySchema<AccountEventCounter>({
  name: 'AccountEventCounter',
  schema: 'auth',
  tableName: 'account_event_counter',
  columns: {
    single: { type: 'boolean', primary: true, default: true, primaryKeyConstraintName: 'account_event_counter_pkey' },
    lastId: { name: 'last_id', type: 'bigint' },
  },
  checks: [{ name: 'account_event_counter_single_check', expression: 'single' }],
})
