import { getMe as contract } from '@qsm/contract'
import { QsmError, route } from '@qsm/server-kit'
import { findById } from '../accounts/accounts.js'
import type { AuthContext } from '../context.js'

export const getMe = (context: AuthContext) =>
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
        session_id: caller.sessionId,
      },
    }
  })
