import { EntitySchema } from 'typeorm'

/** A user of whom keys may be held, from the feed of `auth`. Everything of the user hangs on this row. */
export interface Owner {
  userId: string
  state: 'active' | 'disabled'
}

export const OwnerEntity = new EntitySchema<Owner>({
  name: 'Owner',
  schema: 'crypto',
  tableName: 'owner',
  columns: {
    userId: { name: 'user_id', type: 'uuid', primary: true, primaryKeyConstraintName: 'owner_pkey' },
    state: { type: 'varchar', length: 10 },
  },
  checks: [{ name: 'owner_state_check', expression: "state IN ('active', 'disabled')" }],
})

/** A managed key of the REST routes: one for each user and algorithm. */
export interface ManagedKey {
  keyId: string
  userId: string
  algorithm: string
  purpose: 'rest'
  version: number
  kekId: string
  wrappedKey: Buffer
  publicKey: Buffer
  sealed: Buffer
  createdAt: Date
}

const ofOwner = (table: string) => ({
  target: 'Owner',
  columnNames: ['userId'],
  referencedColumnNames: ['userId'],
  name: `${table}_user_id_fkey`,
  onDelete: 'CASCADE' as const,
})

export const ManagedKeyEntity = new EntitySchema<ManagedKey>({
  name: 'ManagedKey',
  schema: 'crypto',
  tableName: 'managed_key',
  columns: {
    keyId: { name: 'key_id', type: 'uuid', primary: true, primaryKeyConstraintName: 'managed_key_pkey' },
    userId: { name: 'user_id', type: 'uuid' },
    algorithm: { type: 'varchar', length: 20 },
    purpose: { type: 'varchar', length: 10 },
    version: { type: 'integer' },
    kekId: { name: 'kek_id', type: 'varchar', length: 100 },
    wrappedKey: { name: 'wrapped_key', type: 'bytea' },
    publicKey: { name: 'public_key', type: 'bytea' },
    sealed: { type: 'bytea' },
    createdAt: { name: 'created_at', type: 'timestamptz' },
  },
  uniques: [{ name: 'managed_key_user_id_algorithm_key', columns: ['userId', 'algorithm'] }],
  checks: [
    { name: 'managed_key_purpose_check', expression: "purpose = 'rest'" },
    { name: 'managed_key_version_check', expression: 'version > 0' },
  ],
  foreignKeys: [ofOwner('managed_key')],
})

/** The newest version that a user has had of an algorithm; it stays when the key is destroyed. */
export interface ManagedKeyVersion {
  userId: string
  algorithm: string
  version: number
}

export const ManagedKeyVersionEntity = new EntitySchema<ManagedKeyVersion>({
  name: 'ManagedKeyVersion',
  schema: 'crypto',
  tableName: 'managed_key_version',
  columns: {
    userId: { name: 'user_id', type: 'uuid', primary: true, primaryKeyConstraintName: 'managed_key_version_pkey' },
    algorithm: { type: 'varchar', length: 20, primary: true, primaryKeyConstraintName: 'managed_key_version_pkey' },
    version: { type: 'integer' },
  },
  foreignKeys: [ofOwner('managed_key_version')],
})
