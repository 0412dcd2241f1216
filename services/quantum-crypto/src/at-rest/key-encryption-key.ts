/** A data key as it is stored: sealed by the key-encryption key of this id. */
export interface WrappedKey {
  readonly kekId: string
  readonly wrapped: Uint8Array
}

/**
 * Wraps data keys; it never leaves its owner (a file, the environment, an outside key service). `context` is bound to what
 * is wrapped (AEAD associated data): with another one it does not open.
 */
export interface KeyEncryptionKey {
  /** The id that new data keys are wrapped under. */
  readonly currentId: string
  /** `dataKey` is 32 bytes and stays the caller's. */
  wrap(dataKey: Uint8Array, context: Uint8Array): Promise<WrappedKey>
  /** 32 bytes, the caller's to wipe. Throws `AtRestError` where id, context or bytes do not fit. */
  unwrap(wrapped: WrappedKey, context: Uint8Array): Promise<Uint8Array>
}

export type AtRestReason = 'unknown_kek' | 'unwrap_failed' | 'open_failed' | 'malformed' | 'old_version'

/** What is stored does not fit its place or was changed. The text tells no key, and clients see `internal`. */
export class AtRestError extends Error {
  override readonly name = 'AtRestError'
  readonly reason: AtRestReason

  constructor(reason: AtRestReason, message: string) {
    super(message)
    this.reason = reason
  }
}
