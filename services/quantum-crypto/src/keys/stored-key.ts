import { createHash } from 'node:crypto'
import type { Query } from '@qsm/server-kit'
import type { DataKeyOwner } from '../at-rest/data-key.js'
import type { WrappedKey } from '../at-rest/key-encryption-key.js'

/** A row of crypto.managed_key. */
export interface StoredKey {
  readonly keyId: string
  readonly userId: string
  readonly algorithm: string
  readonly purpose: string
  /** Counted from 1 for each user and algorithm, also over keys that were destroyed. */
  readonly version: number
  readonly dataKey: WrappedKey
  readonly publicKey: Uint8Array
  /** The private key under the data key. */
  readonly sealed: Uint8Array
}

export const restPurpose = 'rest'

/** To whom the data key of a managed key belongs. */
export const keyOwner = ({ keyId, userId, algorithm, purpose, version }: Omit<StoredKey, 'dataKey'>): DataKeyOwner => ({
  keyId,
  userId,
  algorithm,
  purpose,
  version,
})

/** Where a private key stands: beside this public key, which is thereby bound too (by its SHA-256: what is bound is short). */
export const sealedPlace = (publicKey: Uint8Array): readonly string[] => [
  'managed_key',
  createHash('sha256').update(publicKey).digest('hex'),
]

/** The versions that a user has had, by algorithm. */
export const findVersions = async (query: Query, userId: string): Promise<ReadonlyMap<string, number>> => {
  const rows = await query<{ algorithm: string; version: number }>(
    'SELECT algorithm, version FROM crypto.managed_key_version WHERE user_id = $1',
    [userId],
  )
  return new Map(rows.map(({ algorithm, version }) => [algorithm, version]))
}

/**
 * Stores a new key in the place of the one before, within a transaction. False where another one of this version was made
 * meanwhile: nothing is to be committed then.
 */
export const replaceKey = async (query: Query, key: StoredKey, createdAt: Date): Promise<boolean> => {
  const mine = await query(
    `INSERT INTO crypto.managed_key_version (user_id, algorithm, version) VALUES ($1, $2, $3)
     ON CONFLICT (user_id, algorithm) DO UPDATE SET version = EXCLUDED.version
       WHERE managed_key_version.version = EXCLUDED.version - 1
     RETURNING 1`,
    [key.userId, key.algorithm, key.version],
  )
  if (mine.length === 0) return false
  await query('DELETE FROM crypto.managed_key WHERE user_id = $1 AND algorithm = $2', [key.userId, key.algorithm])
  await query(
    `INSERT INTO crypto.managed_key (key_id, user_id, algorithm, purpose, version, kek_id, wrapped_key, public_key, sealed,
       created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
    [
      key.keyId,
      key.userId,
      key.algorithm,
      key.purpose,
      key.version,
      key.dataKey.kekId,
      key.dataKey.wrapped,
      key.publicKey,
      key.sealed,
      createdAt,
    ],
  )
  return true
}
