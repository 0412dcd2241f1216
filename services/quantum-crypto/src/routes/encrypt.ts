import { encrypt as contract, decodeBase64, encodeBase64 } from '@qsm/contract'
import { wipe } from '@qsm/protocol'
import { route } from '@qsm/server-kit'
import type { QuantumParts } from '../parts.js'
import { bytesOfContent } from '../secrets/content.js'

const nonceBytes = 12
const tagBytes = 16

export const encrypt = ({ context: { algorithms }, count }: QuantumParts) =>
  route(contract)(async ({ body: { plaintext, shared_secret, aad = '', encoding } }) => {
    const [key, bytes] = [decodeBase64(shared_secret), bytesOfContent(plaintext, encoding)]
    const nonce = algorithms.randomBytes(nonceBytes)
    try {
      const sealed = await algorithms.classical.aesGcmSeal(key, nonce, bytesOfContent(aad, encoding), bytes)
      count('encrypt')
      return {
        status: 200,
        body: {
          ciphertext: encodeBase64(sealed.subarray(0, -tagBytes)),
          nonce: encodeBase64(nonce),
          tag: encodeBase64(sealed.subarray(-tagBytes)),
        },
      }
    } finally {
      wipe(key, bytes)
    }
  })
