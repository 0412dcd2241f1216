import { listSessions as contract } from '@qsm/contract'
import { route } from '@qsm/server-kit'
import type { AuthContext } from '../context.js'
import { sessionsOf } from '../sessions/list-sessions.js'

export const listSessions = (context: AuthContext) =>
  route(contract)(async ({ caller }) => {
    const sessions = await sessionsOf(context, caller.userId)
    return {
      status: 200,
      body: { sessions: sessions.map(session => ({ ...session, current: session.session_id === caller.sessionId })) },
    }
  })
