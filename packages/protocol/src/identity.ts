import { concat } from './codec/bytes.js'
import type { Classical, KeyPair } from './ports.js'

/** `IK` = falconPk 897 ‖ ecdsaPk 65. */
export const identityKeyBytes = 962
export const falconPublicBytes = 897

/** The keys by which a device signs. The ECDSA key never does ECDH. */
export interface SigningKeys {
  readonly falcon: KeyPair
  readonly ecdsa: KeyPair
}

/** A device that this side plays, with its private keys. */
export interface LocalDevice extends SigningKeys {
  /** 16 bytes. */
  readonly user: Uint8Array
  readonly device: number
  readonly suite: number
  /** Ascending; holds `suite`. */
  readonly suites: readonly number[]
  readonly managed: boolean
}

export const identityKeyOf = (keys: SigningKeys): Uint8Array => concat(keys.falcon.publicKey, keys.ecdsa.publicKey)

/** `fp` = SHA-256(IK), 32 bytes. */
export const fingerprint = (classical: Pick<Classical, 'sha256'>, identityKey: Uint8Array) =>
  classical.sha256(identityKey)
