import { logout as contract } from '@qsm/contract'
import { route } from '@qsm/server-kit'
import type { AuthContext } from '../context.js'
import { endSession } from '../sessions/end-sessions.js'

export const logout = (context: AuthContext) =>
  route(contract)(async ({ caller }) => {
    await endSession(context, caller, caller.sessionId)
    return { status: 204 }
  })
