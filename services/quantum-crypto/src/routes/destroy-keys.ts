import { destroyManagedKeys as contract } from '@qsm/contract'
import { route } from '@qsm/server-kit'
import { requireOwnUser } from '../callers/require-own-user.js'
import type { QuantumParts } from '../parts.js'

export const destroyKeys = ({ keys }: QuantumParts) =>
  route(contract)(async ({ params, caller }) => {
    requireOwnUser(caller, params.user_id)
    await keys.destroy(caller.userId)
    return { status: 204 }
  })
