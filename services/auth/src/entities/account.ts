import { EntitySchema } from 'typeorm'

export interface Account {
  userId: string
  /** As registered; shown to others. */
  username: string
  /** Folded to lower case: one name, one account. */
  usernameKey: string
  email: string
  passwordHash: string
  state: 'active' | 'disabled'
  createdAt: Date
  passwordChangedAt: Date
}

/** Its violation says that a name is taken. */
export const usernameConstraint = 'account_username_key_key'

export const AccountEntity = new EntitySchema<Account>({
  name: 'Account',
  schema: 'auth',
  tableName: 'account',
  columns: {
    userId: { name: 'user_id', type: 'uuid', primary: true, primaryKeyConstraintName: 'account_pkey' },
    username: { type: 'varchar', length: 50 },
    usernameKey: { name: 'username_key', type: 'varchar', length: 50 },
    email: { type: 'varchar', length: 254 },
    passwordHash: { name: 'password_hash', type: 'varchar', length: 200 },
    state: { type: 'varchar', length: 10 },
    createdAt: { name: 'created_at', type: 'timestamptz' },
    passwordChangedAt: { name: 'password_changed_at', type: 'timestamptz' },
  },
  uniques: [{ name: usernameConstraint, columns: ['usernameKey'] }],
  checks: [{ name: 'account_state_check', expression: `state IN ('active', 'disabled')` }],
})
