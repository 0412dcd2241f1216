import { listManagedKeys as contract } from '@qsm/contract'
import { route } from '@qsm/server-kit'
import { requireOwnUser } from '../callers/require-own-user.js'
import type { QuantumParts } from '../parts.js'

export const listKeys = ({ keys }: QuantumParts) =>
  route(contract)(async ({ params, caller }) => {
    requireOwnUser(caller, params.user_id)
    const kinds = await keys.list(caller.userId)
    return { status: 200, body: { user_id: caller.userId, keys: kinds.map(({ field }) => field) } }
  })
