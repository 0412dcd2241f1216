import { EntitySchema } from 'typeorm'

/** What the message service knows of an account, from the feed of `auth`. */
export interface KnownAccount {
  userId: string
  username: string
  usernameKey: string
  state: 'active' | 'disabled'
  createdAt: Date
  /** Since when the user is gone; what is left of it is deleted by a job. */
  deletedAt: Date | null
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
    deletedAt: { name: 'deleted_at', type: 'timestamptz', nullable: true },
  },
  uniques: [{ name: 'account_username_key_key', columns: ['usernameKey'] }],
  indices: [{ name: 'account_deleted_at_idx', columns: ['deletedAt'], where: 'deleted_at IS NOT NULL' }],
  checks: [{ name: 'account_state_check', expression: "state IN ('active', 'disabled')" }],
})
