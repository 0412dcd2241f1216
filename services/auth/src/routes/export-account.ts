import { exportAccount as contract } from '@qsm/contract'
import { QsmError, route } from '@qsm/server-kit'
import { findById } from '../accounts/accounts.js'
import type { AuthContext } from '../context.js'
import { sessionsOf } from '../sessions/list-sessions.js'

export const exportAccount = (context: AuthContext) =>
  route(contract)(async ({ caller }) => {
    const account = await findById(context, caller.userId)
    if (!account) throw new QsmError('unauthorized')
    return {
      status: 200,
      body: {
        user_id: account.userId,
        username: account.username,
        email: account.email,
        created_at: account.createdAt.toISOString(),
        password_changed_at: account.passwordChangedAt.toISOString(),
        sessions: await sessionsOf(context, caller.userId),
      },
    }
  })
