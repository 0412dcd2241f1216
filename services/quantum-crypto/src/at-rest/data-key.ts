import { randomBytes } from 'node:crypto'
import { encodeContext, encodeParts } from './encode-context.js'
import type { KeyEncryptionKey, WrappedKey } from './key-encryption-key.js'
import { openAtRest, sealAtRest } from './seal.js'

/** To whom and to what a data key belongs; all of it is bound to the wrapped key and to everything sealed under it. */
export interface DataKeyOwner {
  readonly keyId: string
  readonly userId: string
  readonly algorithm: string
  readonly purpose: string
  readonly version: number
}

/** A data key in memory; wiped by whoever opened it. */
export interface DataKey {
  /** `place`: the columns that say where the value stands, such as table and primary key. */
  seal(place: readonly (string | number)[], plaintext: Uint8Array): Uint8Array
  /** Throws `AtRestError`. */
  open(place: readonly (string | number)[], sealed: Uint8Array): Uint8Array
  wipe(): void
}

/** AES-256. */
export const dataKeyBytes = 32

const partsOf = ({ keyId, userId, algorithm, purpose, version }: DataKeyOwner) => [
  keyId,
  userId,
  algorithm,
  purpose,
  version,
]
const contextOf = (owner: DataKeyOwner): Uint8Array => encodeContext('wrapped', partsOf(owner))

const inMemory = (owner: DataKeyOwner, key: Uint8Array): DataKey => {
  const head = encodeContext('sealed', partsOf(owner))
  const at = (place: readonly (string | number)[]) => Buffer.concat([head, encodeParts(place)])
  return {
    seal: (place, plaintext) => sealAtRest(key, at(place), plaintext),
    open: (place, sealed) => openAtRest(key, at(place), sealed),
    wipe: () => {
      key.fill(0)
    },
  }
}

/** Draws a data key and wraps it for storage. */
export const createDataKey = async (
  kek: KeyEncryptionKey,
  owner: DataKeyOwner,
): Promise<{ readonly dataKey: DataKey; readonly stored: WrappedKey }> => {
  const key = new Uint8Array(randomBytes(dataKeyBytes))
  return { stored: await kek.wrap(key, contextOf(owner)), dataKey: inMemory(owner, key) }
}

/** The data key of a stored one. Throws `AtRestError` where it belongs to another owner. */
export const openDataKey = async (kek: KeyEncryptionKey, owner: DataKeyOwner, stored: WrappedKey): Promise<DataKey> =>
  inMemory(owner, await kek.unwrap(stored, contextOf(owner)))

/** The same data key under the current key-encryption key; null where it is under that already. */
export const rewrapDataKey = async (
  kek: KeyEncryptionKey,
  owner: DataKeyOwner,
  stored: WrappedKey,
): Promise<WrappedKey | null> => {
  if (stored.kekId === kek.currentId) return null
  const context = contextOf(owner)
  const key = await kek.unwrap(stored, context)
  try {
    return await kek.wrap(key, context)
  } finally {
    key.fill(0)
  }
}
