import { ascii, concat } from './codec/bytes.js'
import { Writer } from './codec/writer.js'
import { falconPublicBytes, fingerprint, identityKeyBytes, identityKeyOf, type SigningKeys } from './identity.js'
import { isLowS, isP256Point } from './p256.js'
import type { Algorithms } from './ports.js'

export const falconSignatureBytes = 666
const ecdsaSignatureBytes = 64
/** The whole signature: Falcon part, then ECDSA part. */
export const signatureBytes = falconSignatureBytes + ecdsaSignatureBytes

/** What a signature is for; one made for one purpose never passes for another. */
export type Purpose = 'device' | 'prekey' | 'request' | 'response' | 'env' | 'rest' | 'rest-falcon' | 'rest-ecdsa'

/** Of a Falcon signature in compressed form with degree 2^9 (Falcon specification 1.2, section 3.11.3). */
const falconHeader = 0x39

/** `TBS = lp("QSM/1 sig/" ‖ purpose) ‖ u16 suite ‖ fp(signer) ‖ lp(bytes)` (docs/protocol.md section 2). */
export const toBeSigned = (
  purpose: Purpose,
  suite: number,
  signerFingerprint: Uint8Array,
  bytes: Uint8Array,
): Uint8Array =>
  new Writer()
    .lp(ascii(`QSM/1 sig/${purpose}`))
    .u16(suite)
    .bytes(signerFingerprint)
    .lp(bytes)
    .finish()

/**
 * Signs with Falcon-512, then with ECDSA over both: 730 bytes. The inner length is fixed, so nothing can be split anew.
 */
export const wrapSign = async (
  algorithms: Pick<Algorithms, 'signer' | 'classical'>,
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

/** Whether a signature has the one form that is taken: 730 bytes, Falcon header 0x39, low s. Costs next to nothing. */
export const hasSignatureForm = (signature: Uint8Array): boolean =>
  signature.length === signatureBytes &&
  signature[0] === falconHeader &&
  isLowS(signature.subarray(falconSignatureBytes))

/**
 * Whether a signature of `identityKey` (962 bytes) holds. Both parts must; ECDSA goes first, being cheaper. False, never an
 * error, for bad signatures and for keys that are none; throws only where the platform fails.
 */
export const wrapVerify = async (
  algorithms: Pick<Algorithms, 'signer' | 'classical'>,
  identityKey: Uint8Array,
  purpose: Purpose,
  suite: number,
  bytes: Uint8Array,
  signature: Uint8Array,
): Promise<boolean> => {
  if (identityKey.length !== identityKeyBytes || !hasSignatureForm(signature)) return false
  const { classical, signer } = algorithms
  const ecdsaKey = identityKey.slice(falconPublicBytes)
  if (!isP256Point(ecdsaKey)) return false
  const tbs = toBeSigned(purpose, suite, await fingerprint(classical, identityKey), bytes)
  const falcon = signature.slice(0, falconSignatureBytes)
  if (!(await classical.ecdsaVerify(ecdsaKey, concat(tbs, falcon), signature.slice(falconSignatureBytes)))) return false
  return signer.verify(identityKey.slice(0, falconPublicBytes), tbs, falcon)
}
