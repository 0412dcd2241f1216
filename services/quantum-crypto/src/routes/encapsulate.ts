import { encapsulate as contract, decodeBase64, encodeBase64 } from '@qsm/contract'
import { wipe } from '@qsm/protocol'
import { newId, route } from '@qsm/server-kit'
import { requireKemKey } from '../keys/public-keys.js'
import type { QuantumParts } from '../parts.js'
import { deriveKemSecret, kdfName } from '../secrets/kem-secret.js'

export const encapsulate = ({ context: { algorithms }, count }: QuantumParts) =>
  route(contract)(async ({ body }) => {
    const publicKey = decodeBase64(body.receiver_public_key)
    requireKemKey('receiver_public_key', publicKey)
    const sessionId = body.session_id ?? newId()
    const encapsulated = await algorithms.kem.encapsulate(publicKey)
    const secret = await deriveKemSecret(algorithms, { ...encapsulated, publicKey, sessionId })
    count('encapsulate')
    try {
      return {
        status: 200,
        body: {
          ciphertext: encodeBase64(encapsulated.ciphertext),
          shared_secret: encodeBase64(secret),
          session_id: sessionId,
          algorithm: algorithms.kem.name,
          kdf: kdfName,
        },
      }
    } finally {
      wipe(secret)
    }
  })
