export type VaultReason =
  | 'away'
  | 'slow'
  | 'sealed'
  | 'forbidden'
  | 'no_such_key'
  | 'unfit_key'
  | 'redirected'
  | 'refused'
  | 'garbage'

/** Vault cannot be used just now, or not as configured. The text says what to do; it holds no token and no word of an answer. */
export class VaultError extends Error {
  override readonly name = 'VaultError'
  readonly reason: VaultReason

  constructor(reason: VaultReason, message: string) {
    super(message)
    this.reason = reason
  }
}
