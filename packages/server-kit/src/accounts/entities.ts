import { EntitySchema } from 'typeorm'

/** How far the account feed was applied: one row. */
export interface FeedPosition {
  single: boolean
  position: string
}

/** Tokens that are no longer taken: of one session, or of a user where `sessionId` is null. */
export interface Revocation {
  eventId: string
  userId: string
  sessionId: string | null
  at: Date
}

/** The tables of a service that follows the account feed: `feed_position` and `revocation`. */
export const accountFeedEntities = (schema: string) =>
  [
    new EntitySchema<FeedPosition>({
      name: 'FeedPosition',
      schema,
      tableName: 'feed_position',
      columns: {
        single: { type: 'boolean', primary: true, default: true, primaryKeyConstraintName: 'feed_position_pkey' },
        position: { type: 'bigint' },
      },
      checks: [{ name: 'feed_position_single_check', expression: 'single' }],
    }),
    new EntitySchema<Revocation>({
      name: 'Revocation',
      schema,
      tableName: 'revocation',
      columns: {
        eventId: { name: 'event_id', type: 'bigint', primary: true, primaryKeyConstraintName: 'revocation_pkey' },
        userId: { name: 'user_id', type: 'uuid' },
        sessionId: { name: 'session_id', type: 'uuid', nullable: true },
        at: { type: 'timestamptz' },
      },
      indices: [{ name: 'revocation_at_idx', columns: ['at'] }],
    }),
  ] as const
