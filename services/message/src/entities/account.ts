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
