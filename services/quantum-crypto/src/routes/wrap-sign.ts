import { wrapSign as contract, encodeBase64 } from '@qsm/contract'
import { route } from '@qsm/server-kit'
import { requireOwnUser } from '../callers/require-own-user.js'
import { ecdsaKind, falconKind } from '../keys/kinds.js'
import type { ManagedKeys } from '../keys/managed-keys.js'
import type { QuantumParts } from '../parts.js'
import { bytesOfContent } from '../secrets/content.js'
import {
  purposeOf,
  type RestSignature,
  type SignatureType,
  signEcdsa,
  signFalcon,
  signWrapped,
} from '../signatures/rest-signature.js'

const sign = (
  keys: ManagedKeys,
  { algorithms }: QuantumParts['context'],
  userId: string,
  type: SignatureType,
  message: Uint8Array,
): Promise<RestSignature> => {
  switch (type) {
    case 'wrap_sign':
      return keys.withKeys(userId, [falconKind, ecdsaKind], (falcon, ecdsa) =>
        signWrapped(algorithms, { falcon, ecdsa }, message),
      )
    case 'falcon_only':
      return keys.withKeys(userId, [falconKind], key => signFalcon(algorithms, key, message))
    case 'ecdsa_only':
      return keys.withKeys(userId, [ecdsaKind], key => signEcdsa(algorithms, key, message))
  }
}

/** Sizes and algorithms by the parts that are there. */
const describeParts = ({ falcon, ecdsa }: RestSignature) => ({
  signature_sizes: {
    ...(falcon ? { falcon_signature: falcon.length } : {}),
    ...(ecdsa ? { ecdsa_signature: ecdsa.length } : {}),
  },
  algorithms: {
    ...(falcon ? { falcon_signature: falconKind.algorithm } : {}),
    ...(ecdsa ? { ecdsa_signature: ecdsaKind.algorithm } : {}),
  },
})

export const wrapSign = ({ context, keys, limits, count }: QuantumParts) =>
  route(contract)(async ({ body, caller }) => {
    requireOwnUser(caller, body.user_id)
    await limits.sign.take(caller.userId)
    const message = bytesOfContent(body.message, body.encoding)
    const signature = await sign(keys, context, caller.userId, body.signature_type, message)
    count('wrap_sign')
    return {
      status: 200,
      body: {
        falcon_signature: signature.falcon && encodeBase64(signature.falcon),
        ecdsa_signature: signature.ecdsa && encodeBase64(signature.ecdsa),
        ...describeParts(signature),
        protocol: `QSM/1 sig/${purposeOf[body.signature_type]}`,
      },
    }
  })
