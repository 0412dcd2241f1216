import { ascii, concat, wipe } from '../codec/bytes.js'
import { Writer } from '../codec/writer.js'
import { hkdf } from '../kdf.js'
import type { Classical } from '../ports.js'

export interface RootStepInput {
  readonly rootKey: Uint8Array
  readonly sid: Uint8Array
  /** The new point of the side whose sending chain begins. */
  readonly senderDh: Uint8Array
  /** The other side's last point. */
  readonly receiverDh: Uint8Array
  readonly ecdh: Uint8Array
  /** Null without a KEM step. */
  readonly kem: { readonly ss: Uint8Array; readonly ek: Uint8Array; readonly ct: Uint8Array } | null
}

const empty = new Uint8Array(0)

/** The root step: a new root key and a new chain key, 32 bytes each. Wipes `ecdh` and `ss`. */
export const rootStep = async (
  classical: Classical,
  input: RootStepInput,
): Promise<{ readonly rootKey: Uint8Array; readonly chainKey: Uint8Array }> => {
  const { kem } = input
  const bound = new Writer()
    .bytes(input.senderDh)
    .bytes(input.receiverDh)
    .lp(kem?.ek ?? empty)
    .lp(kem?.ct ?? empty)
    .finish()
  const info = concat(ascii('QSM/1 rk'), input.sid, Uint8Array.of(kem ? 1 : 0), await classical.sha256(bound))
  const ikm = kem ? concat(kem.ss, input.ecdh) : input.ecdh
  const okm = await hkdf(classical, input.rootKey, ikm, info, 64)
  const keys = { rootKey: okm.slice(0, 32), chainKey: okm.slice(32, 64) }
  wipe(okm, ikm, input.ecdh, kem?.ss)
  return keys
}
