import { EntitySchema } from 'typeorm'

/**
 * A refresh token is known by its SHA-256 only. A used one is kept for a while, to tell a lost race from reuse; after that
 * its family tells that it was used.
 */
export interface RefreshToken {
  tokenSha256: Buffer
  sessionId: string
  issuedAt: Date
  usedAt: Date | null
}

export const RefreshTokenEntity = new EntitySchema<RefreshToken>({
  name: 'RefreshToken',
  schema: 'auth',
  tableName: 'refresh_token',
  columns: {
    tokenSha256: { name: 'token_sha256', type: 'bytea', primary: true, primaryKeyConstraintName: 'refresh_token_pkey' },
    sessionId: {
      name: 'session_id',
      type: 'uuid',
      foreignKey: { target: 'LoginSession', name: 'refresh_token_session_id_fkey', onDelete: 'CASCADE' },
    },
    issuedAt: { name: 'issued_at', type: 'timestamptz' },
    usedAt: { name: 'used_at', type: 'timestamptz', nullable: true },
  },
  indices: [{ name: 'refresh_token_session_id_idx', columns: ['sessionId'] }],
})
