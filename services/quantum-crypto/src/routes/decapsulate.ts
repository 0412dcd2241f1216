import { decapsulate as contract, decodeBase64, encodeBase64 } from '@qsm/contract'
import { wipe } from '@qsm/protocol'
import { route } from '@qsm/server-kit'
import { requireOwnUser } from '../callers/require-own-user.js'
import { kemKind } from '../keys/kinds.js'
import type { QuantumParts } from '../parts.js'
import { deriveKemSecret } from '../secrets/kem-secret.js'

/** A wrong ciphertext gives another secret in the same way and time: ML-KEM rejects implicitly (FIPS 203 section 6.3). */
export const decapsulate = ({ context: { algorithms }, keys, count }: QuantumParts) =>
  route(contract)(async ({ body, caller }) => {
    requireOwnUser(caller, body.user_id)
    const ciphertext = decodeBase64(body.ciphertext)
    const secret = await keys.withKeys(caller.userId, [kemKind], async ({ publicKey, secretKey }) => {
      const sharedSecret = await algorithms.kem.decapsulate(secretKey, ciphertext)
      return deriveKemSecret(algorithms, { publicKey, ciphertext, sharedSecret, sessionId: body.session_id })
    })
    count('decapsulate')
    try {
      return { status: 200, body: { shared_secret: encodeBase64(secret) } }
    } finally {
      wipe(secret)
    }
  })
