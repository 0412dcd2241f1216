import { createBatcher, type Query, uuids } from '@qsm/server-kit'
import { AtRestError } from '../at-rest/key-encryption-key.js'
import type { StoredKey } from './stored-key.js'

/** The keys of a user by algorithm; only those that are there. */
export type KeysByAlgorithm = ReadonlyMap<string, StoredKey>

interface Asked {
  readonly userId: string
  readonly algorithms: readonly string[]
}

interface NoKey {
  readonly owner: string
  readonly key_id: null
}

interface KeyRow {
  readonly owner: string
  readonly key_id: string
  readonly algorithm: string
  readonly purpose: string
  readonly version: number
  readonly kek_id: string
  readonly wrapped_key: Buffer
  readonly public_key: Buffer
  readonly sealed: Buffer
  readonly newest: number | null
}

/** Rows of a statement: 64 users with two keys of up to 4 KB each. */
const maxTogether = 64
/** More would find fewer at a time; with one alone a slow connection would hold up all. */
const maxInFlight = 2

/** Arrays within sub-selects: one plan then serves all runs. */
const statement = {
  name: 'find-managed-keys',
  text: `SELECT a.user_id AS owner, k.key_id, k.algorithm, k.purpose, k.version, k.kek_id, k.wrapped_key, k.public_key, k.sealed,
      v.version AS newest
    FROM unnest((SELECT $1::uuid[]), (SELECT $2::text[])) AS a(user_id, algorithm)
    JOIN crypto.owner o ON o.user_id = a.user_id AND o.state = 'active'
    LEFT JOIN crypto.managed_key k ON k.user_id = a.user_id AND k.algorithm = a.algorithm
    LEFT JOIN crypto.managed_key_version v ON v.user_id = k.user_id AND v.algorithm = k.algorithm`,
}

const keyOf = (row: KeyRow): StoredKey => ({
  keyId: row.key_id,
  userId: row.owner,
  algorithm: row.algorithm,
  purpose: row.purpose,
  version: row.version,
  dataKey: { kekId: row.kek_id, wrapped: row.wrapped_key },
  publicKey: new Uint8Array(row.public_key),
  sealed: row.sealed,
})

const keysOf = (rows: readonly (KeyRow | NoKey)[], algorithms: readonly string[]): KeysByAlgorithm | Error => {
  const keys = new Map<string, StoredKey>()
  for (const row of rows) {
    if (row.key_id === null || !algorithms.includes(row.algorithm)) continue
    if (row.newest !== row.version) {
      return new AtRestError('old_version', `the key ${row.key_id} is not the newest one that was made`)
    }
    keys.set(row.algorithm, keyOf(row))
  }
  return keys
}

/** Every user and algorithm that is asked for, once. */
const pairsOf = (asked: readonly Asked[]) => [
  ...new Map(
    asked.flatMap(({ userId, algorithms }) =>
      algorithms.map(algorithm => [`${userId} ${algorithm}`, { userId, algorithm }] as const),
    ),
  ).values(),
]

/**
 * Finds the keys of a user of these algorithms, at least one; those who ask in one turn of the event loop share a statement.
 * Null where the user is none, or disabled. Throws `AtRestError`, to that user alone, where a row is not the newest version that
 * was made. A statement that fails does so for all who share it.
 */
export const createKeyFinder = (query: Query): ((asked: Asked) => Promise<KeysByAlgorithm | null>) =>
  createBatcher<Asked, KeysByAlgorithm | null>({
    maxItems: maxTogether,
    maxInFlight,
    async run(asked) {
      const pairs = pairsOf(asked)
      const rows = await query<KeyRow | NoKey>(statement, [
        uuids(pairs.map(({ userId }) => userId)),
        pairs.map(({ algorithm }) => algorithm),
      ])
      const byOwner = new Map<string, (KeyRow | NoKey)[]>()
      for (const row of rows) byOwner.set(row.owner, [...(byOwner.get(row.owner) ?? []), row])
      return asked.map(({ userId, algorithms }) => {
        const own = byOwner.get(userId)
        return own === undefined ? null : keysOf(own, algorithms)
      })
    },
  })
