import type { AccountFeed } from '@qsm/contract'
import { type RouteGroup, scheduleJobs } from '@qsm/server-kit'
import { type AuthContext, authSchema } from './context.js'
import { createAccountFeed } from './feed/account-events.js'
import { changePassword } from './routes/change-password.js'
import { deleteAccount } from './routes/delete-account.js'
import { endSession } from './routes/end-session.js'
import { exportAccount } from './routes/export-account.js'
import { getMe } from './routes/get-me.js'
import { listAccountEvents } from './routes/list-account-events.js'
import { listSessions } from './routes/list-sessions.js'
import { login } from './routes/login.js'
import { logout } from './routes/logout.js'
import { refreshToken } from './routes/refresh-token.js'
import { register } from './routes/register.js'
import { expiryJob } from './sessions/expiry.js'
import { requireSession } from './sessions/sessions.js'

export interface AuthApp {
  readonly group: RouteGroup
  readonly feed: AccountFeed
  /** Rejects when the database does not answer. */
  ping(): Promise<void>
  /** Ends background work and closes the database. */
  close(): Promise<void>
}

/** The auth service over its context: its routes, and the feed that other services read. */
export const createAuthApp = (context: AuthContext): AuthApp => {
  const feed = createAccountFeed(context.database.query)
  const stopJobs = scheduleJobs({ ...context, schema: authSchema }, [expiryJob])
  return {
    feed,
    ping: () => context.database.ping(),
    group: {
      routes: [
        register(context),
        login(context),
        refreshToken(context),
        logout(context),
        getMe(context),
        changePassword(context),
        listSessions(context),
        endSession(context),
        deleteAccount(context),
        exportAccount(context),
        listAccountEvents(feed),
      ],
      authenticate: token => requireSession(context, context.tokens.verifyAccess(token)),
      authenticateService: token => {
        context.tokens.verifyService(token)
      },
    },
    async close() {
      await stopJobs()
      await context.hasher.close()
      await context.database.close()
    },
  }
}
