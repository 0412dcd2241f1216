import { createHash } from 'node:crypto'
import type { Query } from '@qsm/server-kit'
import type { DataKeyOwner } from '../at-rest/data-key.js'
import { AtRestError, type WrappedKey } from '../at-rest/key-encryption-key.js'

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

interface Row {
  readonly key_id: string
  readonly user_id: string
  readonly algorithm: string
  readonly purpose: string
  readonly version: number
  readonly kek_id: string
  readonly wrapped_key: Buffer
  readonly public_key: Buffer
  readonly sealed: Buffer
  readonly newest: number | null
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

const keyOf = (row: Row): StoredKey => ({
  keyId: row.key_id,
  userId: row.user_id,
  algorithm: row.algorithm,
  purpose: row.purpose,
  version: row.version,
  dataKey: { kekId: row.kek_id, wrapped: row.wrapped_key },
  publicKey: new Uint8Array(row.public_key),
  sealed: row.sealed,
})

/**
 * The keys of a user by algorithm; only those that are there. Null where the user is none, or disabled. Throws `AtRestError`
 * where a row is not the newest version that was made.
 */
export const findKeys = async (
  query: Query,
  userId: string,
  algorithms: readonly string[],
): Promise<ReadonlyMap<string, StoredKey> | null> => {
  const rows = await query<Row | { readonly key_id: null }>(
    {
      name: 'find-managed-keys',
      text: `SELECT k.key_id, k.user_id, k.algorithm, k.purpose, k.version, k.kek_id, k.wrapped_key, k.public_key, k.sealed,
          v.version AS newest
        FROM crypto.owner o
        LEFT JOIN crypto.managed_key k ON k.user_id = o.user_id AND k.algorithm = ANY($2)
        LEFT JOIN crypto.managed_key_version v ON v.user_id = k.user_id AND v.algorithm = k.algorithm
        WHERE o.user_id = $1 AND o.state = 'active'`,
    },
    [userId, algorithms],
  )
  if (rows.length === 0) return null
  const keys = new Map<string, StoredKey>()
  for (const row of rows) {
    if (row.key_id === null) continue
    if (row.newest !== row.version) {
      throw new AtRestError('old_version', `the key ${row.key_id} is not the newest one that was made`)
    }
    keys.set(row.algorithm, keyOf(row))
  }
  return keys
}

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
