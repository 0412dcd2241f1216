import { type KeyPair, wipe } from '@qsm/protocol'
import { newId, QsmError, type Query } from '@qsm/server-kit'
import type { Owners } from '../accounts/owners.js'
import { createDataKey, openDataKey } from '../at-rest/data-key.js'
import { atRestFailures, watchAtRest } from '../at-rest/failures.js'
import { AtRestError } from '../at-rest/key-encryption-key.js'
import type { QuantumContext } from '../context.js'
import { createKeyFinder } from './find-keys.js'
import { type KeyKind, keyKinds } from './kinds.js'
import { findVersions, keyOwner, replaceKey, restPurpose, type StoredKey, sealedPlace } from './stored-key.js'

/** The keys that are held for users of the REST routes. Private ones are in memory for one operation only. */
export interface ManagedKeys {
  /** Makes new keys in the place of the ones before. Gives their public halves, in the order of `kinds`. */
  generate(userId: string, kinds: readonly KeyKind[]): Promise<readonly Uint8Array[]>
  /**
   * Runs `use` with the keys of these kinds, whose private halves are wiped when it ends. Throws `not_found` where the user
   * has none, `unauthorized` where the user is gone, `AtRestError` where what is stored was changed.
   */
  withKeys<T>(userId: string, kinds: readonly KeyKind[], use: (...keys: readonly KeyPair[]) => Promise<T>): Promise<T>
  /** The kinds that there are. */
  list(userId: string): Promise<readonly KeyKind[]>
  destroy(userId: string): Promise<void>
}

const maxDraws = 3

const missing = (kind: KeyKind): QsmError =>
  new QsmError('not_found', `There is no ${kind.algorithm} key of this user: make one by POST /api/quantum/keygen.`)

export const createManagedKeys = (context: QuantumContext, owners: Owners): ManagedKeys => {
  const { database, kek, algorithms, clock, log, metrics } = context
  const watched = { counter: atRestFailures(metrics), log }
  const findKeys = createKeyFinder(database.query)

  const sealKey = async (userId: string, kind: KeyKind, pair: KeyPair, version: number): Promise<StoredKey> => {
    const named = { keyId: newId(), userId, algorithm: kind.algorithm, purpose: restPurpose, version }
    const { dataKey, stored } = await createDataKey(kek, named)
    try {
      const sealed = dataKey.seal(sealedPlace(pair.publicKey), pair.secretKey)
      return { ...named, dataKey: stored, publicKey: pair.publicKey, sealed }
    } finally {
      dataKey.wipe()
    }
  }

  const openKey = (key: StoredKey, kind: KeyKind): Promise<KeyPair> =>
    watchAtRest(watched, { keyId: key.keyId, algorithm: key.algorithm, version: key.version }, async () => {
      const dataKey = await openDataKey(kek, keyOwner(key), key.dataKey)
      try {
        const secretKey = dataKey.open(sealedPlace(key.publicKey), key.sealed)
        if (secretKey.length === kind.secretKeyBytes) return { publicKey: key.publicKey, secretKey }
        wipe(secretKey)
        throw new AtRestError('malformed', 'a stored private key has another size than its algorithm')
      } finally {
        dataKey.wipe()
      }
    })

  /** False where another request made keys at the same time; nothing is stored then. */
  const storeAll = async (keys: readonly StoredKey[], userId: string): Promise<boolean> => {
    const now = new Date(clock.now())
    const lost = new Error('another request was faster')
    const store = async (query: Query) => {
      const owner = await query(`SELECT 1 FROM crypto.owner WHERE user_id = $1 AND state = 'active' FOR SHARE`, [
        userId,
      ])
      if (owner.length === 0) throw new QsmError('unauthorized')
      for (const key of keys) if (!(await replaceKey(query, key, now))) throw lost
    }
    return database.transaction(store).then(
      () => true,
      error => {
        if (error === lost) return false
        throw error
      },
    )
  }

  return {
    async generate(userId, kinds) {
      await owners.require({ userId })
      const pairs: KeyPair[] = []
      try {
        for (const kind of kinds) pairs.push(await kind.generate(algorithms))
        for (let draw = 0; draw < maxDraws; draw += 1) {
          const versions = await findVersions(database.query, userId)
          const keys = await Promise.all(
            kinds.map((kind, index) =>
              sealKey(userId, kind, pairs[index] as KeyPair, (versions.get(kind.algorithm) ?? 0) + 1),
            ),
          )
          if (await storeAll(keys, userId)) return pairs.map(({ publicKey }) => publicKey)
        }
        const text = 'Keys of this user are being made by other requests: try again in a moment.'
        throw new QsmError('unavailable', text, { retryAfterSeconds: 1 })
      } finally {
        wipe(...pairs.map(({ secretKey }) => secretKey))
      }
    },
    async withKeys(userId, kinds, use) {
      const names = kinds.map(({ algorithm }) => algorithm)
      const stored = await watchAtRest(watched, { algorithms: names }, () =>
        owners.findActive(() => findKeys({ userId, algorithms: names })),
      )
      const absent = kinds.find(({ algorithm }) => !stored.has(algorithm))
      if (absent) throw missing(absent)
      const open: KeyPair[] = []
      try {
        for (const kind of kinds) open.push(await openKey(stored.get(kind.algorithm) as StoredKey, kind))
        return await use(...open)
      } finally {
        wipe(...open.map(({ secretKey }) => secretKey))
      }
    },
    async list(userId) {
      const rows = await database.query<{ algorithm: string }>(
        'SELECT algorithm FROM crypto.managed_key WHERE user_id = $1',
        [userId],
      )
      return keyKinds.filter(kind => rows.some(({ algorithm }) => algorithm === kind.algorithm))
    },
    async destroy(userId) {
      await database.query('DELETE FROM crypto.managed_key WHERE user_id = $1', [userId])
    },
  }
}
