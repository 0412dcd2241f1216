import { deleteAccount as contract } from '@qsm/contract'
import { route } from '@qsm/server-kit'
import { deleteAccount as remove } from '../accounts/accounts.js'
import type { AuthContext } from '../context.js'

export const deleteAccount = (context: AuthContext) =>
  route(contract)(async ({ caller }) => {
    await remove(context, caller)
    return { status: 204 }
  })
