import { EntitySchema } from 'typeorm'

/** One login of one user: a family of refresh tokens, and the `sid` of its access tokens. */
export interface LoginSession {
  sessionId: string
  userId: string
  userAgent: string
  createdAt: Date
  lastUsedAt: Date
  expiresAt: Date
  /** Of the secret that all its refresh tokens share; 32 bytes. */
  tokenFamilySha256: Buffer | null
}

export const LoginSessionEntity = new EntitySchema<LoginSession>({
  name: 'LoginSession',
  schema: 'auth',
  tableName: 'login_session',
  columns: {
    sessionId: { name: 'session_id', type: 'uuid', primary: true, primaryKeyConstraintName: 'login_session_pkey' },
    userId: {
      name: 'user_id',
      type: 'uuid',
      foreignKey: { target: 'Account', name: 'login_session_user_id_fkey', onDelete: 'CASCADE' },
    },
    userAgent: { name: 'user_agent', type: 'varchar', length: 200 },
    createdAt: { name: 'created_at', type: 'timestamptz' },
    lastUsedAt: { name: 'last_used_at', type: 'timestamptz' },
    expiresAt: { name: 'expires_at', type: 'timestamptz' },
    tokenFamilySha256: { name: 'token_family_sha256', type: 'bytea', nullable: true },
  },
  uniques: [{ name: 'login_session_token_family_sha256_key', columns: ['tokenFamilySha256'] }],
  indices: [
    { name: 'login_session_user_id_idx', columns: ['userId'] },
    { name: 'login_session_expires_at_idx', columns: ['expiresAt'] },
  ],
})
