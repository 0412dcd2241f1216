import {
  type Algorithms,
  falconSignatureBytes,
  type KeyPair,
  type Purpose,
  suiteDefault,
  toBeSigned,
  wrapSign,
} from '@qsm/protocol'

/** Which parts a signature has. */
export type SignatureType = 'wrap_sign' | 'falcon_only' | 'ecdsa_only'

/** One purpose for each type, so that no part of one passes for a part of another (docs/protocol.md section 2). */
export const purposeOf: Readonly<Record<SignatureType, Purpose>> = Object.freeze({
  wrap_sign: 'rest',
  falcon_only: 'rest-falcon',
  ecdsa_only: 'rest-ecdsa',
})

export interface RestSignature {
  /** 666 bytes, or null where the type has no such part. */
  readonly falcon: Uint8Array | null
  /** 64 bytes, r‖s with low s, or null. */
  readonly ecdsa: Uint8Array | null
}

type Tools = Pick<Algorithms, 'signer' | 'classical'>

/** Falcon-512, and ECDSA-P256 over what Falcon signs and its signature. */
export const signWrapped = async (
  tools: Tools,
  keys: { readonly falcon: KeyPair; readonly ecdsa: KeyPair },
  message: Uint8Array,
): Promise<RestSignature> => {
  const signature = await wrapSign(tools, keys, purposeOf.wrap_sign, suiteDefault, message)
  return { falcon: signature.slice(0, falconSignatureBytes), ecdsa: signature.slice(falconSignatureBytes) }
}

/** What one part alone signs: `fp` is then the hash of the one public key that takes part. */
const signedAlone = async (tools: Tools, type: SignatureType, publicKey: Uint8Array, message: Uint8Array) =>
  toBeSigned(purposeOf[type], suiteDefault, await tools.classical.sha256(publicKey), message)

export const signFalcon = async (tools: Tools, key: KeyPair, message: Uint8Array): Promise<RestSignature> => ({
  falcon: await tools.signer.sign(key.secretKey, await signedAlone(tools, 'falcon_only', key.publicKey, message)),
  ecdsa: null,
})

export const signEcdsa = async (tools: Tools, key: KeyPair, message: Uint8Array): Promise<RestSignature> => ({
  falcon: null,
  ecdsa: await tools.classical.ecdsaSign(key, await signedAlone(tools, 'ecdsa_only', key.publicKey, message)),
})

export interface Verdict {
  readonly valid: boolean
  readonly falcon_valid: boolean | null
  readonly ecdsa_valid: boolean | null
}

/** Both parts are judged, also where one does not hold. Keys are those of `signWrapped`: 897 and 65 bytes. */
export const verifyWrapped = async (
  tools: Tools,
  keys: { readonly falcon: Uint8Array; readonly ecdsa: Uint8Array },
  message: Uint8Array,
  signature: { readonly falcon: Uint8Array; readonly ecdsa: Uint8Array },
): Promise<Verdict> => {
  const fp = await tools.classical.sha256(keys.falcon, keys.ecdsa)
  const tbs = toBeSigned(purposeOf.wrap_sign, suiteDefault, fp, message)
  const outer = new Uint8Array(Buffer.concat([tbs, signature.falcon]))
  const ecdsaValid = await tools.classical.ecdsaVerify(keys.ecdsa, outer, signature.ecdsa)
  const falconValid = await tools.signer.verify(keys.falcon, tbs, signature.falcon)
  return { valid: ecdsaValid && falconValid, falcon_valid: falconValid, ecdsa_valid: ecdsaValid }
}

export const verifyFalcon = async (
  tools: Tools,
  publicKey: Uint8Array,
  message: Uint8Array,
  signature: Uint8Array,
): Promise<Verdict> => {
  const tbs = await signedAlone(tools, 'falcon_only', publicKey, message)
  const valid = await tools.signer.verify(publicKey, tbs, signature)
  return { valid, falcon_valid: valid, ecdsa_valid: null }
}

export const verifyEcdsa = async (
  tools: Tools,
  publicKey: Uint8Array,
  message: Uint8Array,
  signature: Uint8Array,
): Promise<Verdict> => {
  const tbs = await signedAlone(tools, 'ecdsa_only', publicKey, message)
  const valid = await tools.classical.ecdsaVerify(publicKey, tbs, signature)
  return { valid, falcon_valid: null, ecdsa_valid: valid }
}
