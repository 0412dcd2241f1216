import { ascii, concat } from '../codec/bytes.js'
import type { Scratch } from '../codec/scratch.js'
import { Writer } from '../codec/writer.js'
import { hkdf } from '../kdf.js'
import type { Classical } from '../ports.js'

const label = ascii('QSM/1 rk')
const nothing = new Uint8Array(0)

export interface RootStepInput {
  readonly rootKey: Uint8Array
  readonly sid: Uint8Array
  /** The new point of the side whose sending chain begins. */
  readonly senderDh: Uint8Array
  /** The other side's last point. */
  readonly receiverDh: Uint8Array
  readonly ecdh: Uint8Array
  /** Null without a KEM step. `ek` is the receiver's key that `ct` was made to. */
  readonly kem: { readonly ss: Uint8Array; readonly ek: Uint8Array; readonly ct: Uint8Array } | null
}

/**
 * The root step (docs/protocol.md section 5; Double Ratchet section 5.2, KDF_RK, with the KEM's secret before the ECDH's): a
 * new root key and a new chain key, 32 bytes each. All secrets that it makes are noted in `scratch`.
 */
export const rootStep = async (
  classical: Pick<Classical, 'sha256' | 'hmacSha256'>,
  scratch: Scratch,
  input: RootStepInput,
): Promise<{ readonly rootKey: Uint8Array; readonly chainKey: Uint8Array }> => {
  const { kem } = input
  // Both points, the key and the ciphertext are bound: a KEM step cannot be replaced by another one (re-encapsulation).
  const bound = new Writer()
    .bytes(input.senderDh)
    .bytes(input.receiverDh)
    .lp(kem?.ek ?? nothing)
    .lp(kem?.ct ?? nothing)
    .finish()
  const info = concat(label, input.sid, Uint8Array.of(kem ? 1 : 0), await classical.sha256(bound))
  const ikm = kem ? scratch.hold(concat(kem.ss, input.ecdh)) : input.ecdh
  const okm = scratch.hold(await hkdf(classical, input.rootKey, ikm, info, 64))
  return { rootKey: scratch.hold(okm.slice(0, 32)), chainKey: scratch.hold(okm.slice(32, 64)) }
}
