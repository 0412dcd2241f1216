import { ascii, concat } from './codec/bytes.js'
import { Writer } from './codec/writer.js'
import { falconPublicBytes, fingerprint, identityKeyOf, type SigningKeys } from './identity.js'
import type { Algorithms } from './ports.js'

export const falconSignatureBytes = 666
export const ecdsaSignatureBytes = 64
export const signatureBytes = falconSignatureBytes + ecdsaSignatureBytes

/** What a signature is for; one made for one purpose never passes for another. */
export type Purpose = 'device' | 'prekey' | 'request' | 'response' | 'env' | 'rest' | 'rest-falcon' | 'rest-ecdsa'

const falconHeader = 0x39

/** `TBS = lp("QSM/1 sig/" ‖ purpose) ‖ u16 suite ‖ fp(signer) ‖ lp(bytes)` (docs/protocol.md section 2). */
export const toBeSigned = (purpose: Purpose, suite: number, signerFingerprint: Uint8Array, bytes: Uint8Array): Uint8Array =>
  new Writer().lp(ascii(`QSM/1 sig/${purpose}`)).u16(suite).bytes(signerFingerprint).lp(bytes).finish()

/** Signs with Falcon-512, then with ECDSA over both: 730 bytes. The length of the inner one is fixed, so nothing can be re-split. */
export const wrapSign = async (
  algorithms: Algorithms,
  keys: SigningKeys,
  purpose: Purpose,
  suite: number,
  bytes: Uint8Array,
): Promise<Uint8Array> => {
  const fp = await fingerprint(algorithms.classical, identityKeyOf(keys))
  const tbs = toBeSigned(purpose, suite, fp, bytes)
  const falcon = await algorithms.signer.sign(keys.falcon.secretKey, tbs)
  const ecdsa = await algorithms.classical.ecdsaSign(keys.ecdsa, concat(tbs, falcon))
  return concat(falcon, ecdsa)
}

/** Whether a signature has the one form that is taken: 730 bytes, Falcon header 0x39. (Low s is judged with ECDSA.) */
export const hasSignatureForm = (signature: Uint8Array): boolean =>
  signature.length === signatureBytes && signature[0] === falconHeader

/**
 * Whether a signature of `identityKey` (962 bytes) holds. Both parts must; ECDSA goes first, being cheaper. Never throws
 * for bad signatures or keys.
 */
export const wrapVerify = async (
  algorithms: Pick<Algorithms, 'signer' | 'classical'>,
  identityKey: Uint8Array,
  purpose: Purpose,
  suite: number,
  bytes: Uint8Array,
  signature: Uint8Array,
): Promise<boolean> => {
  if (!hasSignatureForm(signature)) return false
  const { classical, signer } = algorithms
  const tbs = toBeSigned(purpose, suite, await fingerprint(classical, identityKey), bytes)
  const falcon = signature.subarray(0, falconSignatureBytes)
  try {
    const outer = concat(tbs, falcon)
    const ecdsa = signature.slice(falconSignatureBytes)
    if (!(await classical.ecdsaVerify(identityKey.slice(falconPublicBytes), outer, ecdsa))) return false
    return await signer.verify(identityKey.slice(0, falconPublicBytes), tbs, falcon.slice())
  } catch {
    return false // A key that is no key (off the curve, not decodable) has signed nothing.
  }
}
