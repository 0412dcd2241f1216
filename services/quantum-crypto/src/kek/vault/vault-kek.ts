import { createHash } from 'node:crypto'
import { QsmError } from '@qsm/server-kit'
import { encodeContext } from '../../at-rest/encode-context.js'
import { AtRestError, type KeyEncryptionKey, type WrappedKey } from '../../at-rest/key-encryption-key.js'
import { createDataKeyCache, type DataKeyCache } from './data-key-cache.js'
import { createTransit } from './transit.js'
import { parseTransitId, transitId, transitName, type VaultAddress, versionOfCiphertext } from './vault-address.js'
import { VaultError } from './vault-error.js'

/** Clients learn that it is away; the log learns why. */
const asUnavailable = (error: unknown): unknown => {
  if (!(error instanceof VaultError)) return error
  const text = 'The service that protects the stored keys is not there just now: try again in a moment.'
  return new QsmError('unavailable', text, { retryAfterSeconds: 2, cause: error })
}

const cacheName = ({ kekId, wrapped }: WrappedKey, context: Uint8Array): string =>
  createHash('sha256')
    .update(encodeContext('cached', [kekId, Buffer.from(wrapped).toString('base64')]))
    .update(context)
    .digest('base64')

/** The ciphertext of what is stored, where it fits the id that is stored with it. Throws `AtRestError`. */
const ciphertextOf = (name: string, { kekId, wrapped }: WrappedKey): string => {
  const id = parseTransitId(kekId)
  if (id?.name !== name) {
    const text = `a data key is wrapped under "${kekId}", not under "${name}": correct QSM_KEK_VAULT_KEY and QSM_KEK_VAULT_MOUNT.`
    throw new AtRestError('unknown_kek', text)
  }
  const text = Buffer.from(wrapped).toString('latin1')
  const version = versionOfCiphertext(text)
  if (version === null) throw new AtRestError('malformed', 'a wrapped data key is no ciphertext of Vault')
  if (version !== id.version) {
    throw new AtRestError('unwrap_failed', 'a wrapped data key has another version than its key-encryption key')
  }
  return text
}

/**
 * A transit key of Vault. Opened data keys are kept for 60 s, at most 1 000, and wiped then; base64 text of them, on its way
 * through JSON, is left to the garbage collector. Throws `VaultError` where the key cannot be used now; later, wrap and
 * unwrap throw `unavailable` for that.
 */
export const openVaultKek = async (
  address: VaultAddress,
  cache: DataKeyCache = createDataKeyCache({ maxEntries: 1_000, lifeMs: 60_000 }),
): Promise<{ readonly kek: KeyEncryptionKey; close(): void }> => {
  const transit = createTransit(address)
  const name = transitName(address)
  const currentId = transitId(name, await transit.latestVersion())
  const bound = (context: Uint8Array): Uint8Array => Buffer.concat([encodeContext('data key', [name]), context])

  const wrap = async (dataKey: Uint8Array, context: Uint8Array): Promise<WrappedKey> => {
    // The version that wrapped, not the one of the start: the transit key may have been rotated since.
    const { ciphertext, version } = await transit.encrypt(dataKey, bound(context))
    return { kekId: transitId(name, version), wrapped: new Uint8Array(Buffer.from(ciphertext, 'latin1')) }
  }
  const unwrap = async (stored: WrappedKey, context: Uint8Array): Promise<Uint8Array> => {
    const ciphertext = ciphertextOf(name, stored)
    const cached = cacheName(stored, context)
    const kept = cache.get(cached)
    if (kept) return kept
    const key = await transit.decrypt(ciphertext, bound(context))
    cache.set(cached, key)
    return key
  }
  const told = <T>(work: Promise<T>): Promise<T> =>
    work.catch(error => {
      throw asUnavailable(error)
    })
  return {
    kek: {
      currentId,
      wrap: (dataKey, context) => told(wrap(dataKey, context)),
      unwrap: (stored, context) => told(unwrap(stored, context)),
    },
    close: () => cache.close(),
  }
}
