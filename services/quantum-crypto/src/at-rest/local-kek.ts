import { encodeContext } from './encode-context.js'
import { AtRestError, type KeyEncryptionKey } from './key-encryption-key.js'
import { openAtRest, sealAtRest } from './seal.js'

/** Key-encryption keys that this process holds. */
export interface LocalKek {
  readonly id: string
  /** 32 bytes. */
  readonly key: Uint8Array
}

/** The first one wraps; the others open what they wrapped before. */
export const createLocalKek = (keys: readonly [LocalKek, ...LocalKek[]]): KeyEncryptionKey => {
  const byId = new Map(keys.map(({ id, key }) => [id, key]))
  const [current] = keys
  const bound = (kekId: string, context: Uint8Array): Uint8Array =>
    Buffer.concat([encodeContext('data key', [kekId]), context])
  return {
    currentId: current.id,
    async wrap(dataKey, context) {
      return { kekId: current.id, wrapped: sealAtRest(current.key, bound(current.id, context), dataKey) }
    },
    async unwrap({ kekId, wrapped }, context) {
      const key = byId.get(kekId)
      if (!key) {
        throw new AtRestError(
          'unknown_kek',
          `a data key is wrapped under the key-encryption key "${kekId}", which is not among those given: add it to QSM_KEK, or set QSM_KEK_VAULT_URL for one in Vault.`,
        )
      }
      return openAtRest(key, bound(kekId, context), wrapped, 'unwrap_failed')
    },
  }
}
