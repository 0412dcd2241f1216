import { createPublicKey } from 'node:crypto'
import { encodeBase64 } from '@qsm/contract'
import { type Algorithms, falconSignatureBytes, suiteDefault, wrapSign } from '@qsm/protocol'

/** SubjectPublicKeyInfo of an uncompressed P-256 point, before its 65 bytes (RFC 5480). */
const spkiHead = Buffer.from('3059301306072a8648ce3d020106082a8648ce3d030107034200', 'hex')

export type Verification = Awaited<ReturnType<typeof verification>>

/** A signature of keys of its own, as `wrap_verify` takes it. */
export const verification = async (algorithms: Algorithms) => {
  const message = 'a line of about the usual length of a chat, give or take'
  const keys = { falcon: await algorithms.signer.generateKeyPair(), ecdsa: await algorithms.classical.generateP256() }
  const bytes = new TextEncoder().encode(message)
  const signature = await wrapSign(algorithms, keys, 'rest', suiteDefault, bytes)
  const key = createPublicKey({ key: Buffer.concat([spkiHead, keys.ecdsa.publicKey]), format: 'der', type: 'spki' })
  return {
    message,
    falcon_signature: encodeBase64(signature.slice(0, falconSignatureBytes)),
    ecdsa_signature: encodeBase64(signature.slice(falconSignatureBytes)),
    falcon_public: encodeBase64(keys.falcon.publicKey),
    ecdsa_public: key.export({ format: 'pem', type: 'spki' }).toString(),
  }
}
