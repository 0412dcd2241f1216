import { logout as contract } from '@qsm/contract'
import { route } from '@qsm/server-kit'
import type { AuthContext } from '../context.js'
import { endSession } from '../sessions/sessions.js'

export const logout = (context: AuthContext) =>
  route(contract)(async ({ caller }) => {
    await endSession(context, caller.userId, caller.sessionId, caller.username)
    return { status: 204 }
  })
