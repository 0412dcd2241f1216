import { EntitySchema } from 'typeorm'

/** What the message service knows of an account, from the feed of `auth`. */
export interface KnownAccount {
  userId: string
  username: string
  usernameKey: string
  state: 'active' | 'disabled'
  createdAt: Date
}

export const KnownAccountEntity = new EntitySchema<KnownAccount>({
  name: 'KnownAccount',
  schema: 'message',
  tableName: 'account',
  columns: {
    userId: { name: 'user_id', type: 'uuid', primary: true, primaryKeyConstraintName: 'account_pkey' },
    username: { type: 'varchar', length: 50 },
    usernameKey: { name: 'username_key', type: 'varchar', length: 50, collation: 'C' },
    state: { type: 'varchar', length: 10 },
    createdAt: { name: 'created_at', type: 'timestamptz' },
  },
  uniques: [{ name: 'account_username_key_key', columns: ['usernameKey'] }],
  checks: [{ name: 'account_state_check', expression: "state IN ('active', 'disabled')" }],
})

/** How far the feed was applied: one row. */
export interface FeedPosition {
  single: boolean
  position: string
}

export const FeedPositionEntity = new EntitySchema<FeedPosition>({
  name: 'FeedPosition',
  schema: 'message',
  tableName: 'feed_position',
  columns: {
    single: { type: 'boolean', primary: true, default: true, primaryKeyConstraintName: 'feed_position_pkey' },
    position: { type: 'bigint' },
  },
  checks: [{ name: 'feed_position_single_check', expression: 'single' }],
})

/** Tokens that are no longer taken: of one session, or of a user where `sessionId` is null. */
export interface Revocation {
  eventId: string
  userId: string
  sessionId: string | null
  at: Date
}

export const RevocationEntity = new EntitySchema<Revocation>({
  name: 'Revocation',
  schema: 'message',
  tableName: 'revocation',
  columns: {
    eventId: { name: 'event_id', type: 'bigint', primary: true, primaryKeyConstraintName: 'revocation_pkey' },
    userId: { name: 'user_id', type: 'uuid' },
    sessionId: { name: 'session_id', type: 'uuid', nullable: true },
    at: { type: 'timestamptz' },
  },
  indices: [{ name: 'revocation_at_idx', columns: ['at'] }],
})
