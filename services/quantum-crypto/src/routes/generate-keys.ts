import { generateManagedKeys as contract, encodeBase64 } from '@qsm/contract'
import { route } from '@qsm/server-kit'
import { requireOwnUser } from '../callers/require-own-user.js'
import { ecdsaKind, type KeyKind, kindsOfType } from '../keys/kinds.js'
import { pemOfPoint } from '../keys/p256-pem.js'
import type { QuantumParts } from '../parts.js'

const textOf = (kind: KeyKind, publicKey: Uint8Array): string =>
  kind === ecdsaKind ? pemOfPoint(publicKey) : encodeBase64(publicKey)

export const generateKeys = ({ keys, limits, count }: QuantumParts) =>
  route(contract)(async ({ body, caller }) => {
    requireOwnUser(caller, body.user_id)
    await limits.keygen.take(caller.userId)
    const kinds: readonly KeyKind[] = kindsOfType[body.key_type]
    const publicKeys = await keys.generate(caller.userId, kinds)
    count('keygen')
    const byField = <T>(value: (kind: KeyKind, index: number) => T) =>
      Object.fromEntries(kinds.map((kind, index) => [kind.field, value(kind, index)]))
    return {
      status: 201,
      body: {
        user_id: caller.userId,
        public_keys: byField((kind, index) => textOf(kind, publicKeys[index] as Uint8Array)),
        key_sizes: byField(({ publicKeyBytes }) => publicKeyBytes),
        algorithms: Object.fromEntries(kinds.map(({ use, algorithm }) => [use, algorithm])),
      },
    }
  })
