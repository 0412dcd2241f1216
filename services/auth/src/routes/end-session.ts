import { endSession as contract } from '@qsm/contract'
import { QsmError, route } from '@qsm/server-kit'
import type { AuthContext } from '../context.js'
import { endSession as end } from '../sessions/sessions.js'

export const endSession = (context: AuthContext) =>
  route(contract)(async ({ caller, params }) => {
    if (!(await end(context, caller.userId, params.id, caller.username))) throw new QsmError('not_found')
    return { status: 204 }
  })
