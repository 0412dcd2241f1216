import { endSession as contract } from '@qsm/contract'
import { QsmError, route } from '@qsm/server-kit'
import type { AuthContext } from '../context.js'
import { endSession as end } from '../sessions/end-sessions.js'

export const endSession = (context: AuthContext) =>
  route(contract)(async ({ caller, params }) => {
    if (!(await end(context, caller, params.id))) throw new QsmError('not_found')
    return { status: 204 }
  })
