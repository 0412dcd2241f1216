import { type Caller, newId, QsmError } from '@qsm/server-kit'
import type { AuthContext } from '../context.js'
import { type Account, AccountEntity } from '../entities/account.js'
import { LoginSessionEntity } from '../entities/login-session.js'
import { issuePair, type TokenPair } from './token-pair.js'

/**
 * Begins a login session of an account whose password was checked. Null where the account was disabled or deleted or has
 * another password meanwhile: the row is locked, so a change comes before and is seen, or after and ends this session.
 */
export const beginSession = (context: AuthContext, account: Account, userAgent: string): Promise<TokenPair | null> =>
  context.database.dataSource.transaction(async manager => {
    const { userId, passwordHash } = account
    const unchanged = await manager.getRepository(AccountEntity).findOne({
      where: { userId, passwordHash, state: 'active' },
      lock: { mode: 'pessimistic_read' },
    })
    if (!unchanged) return null
    const now = new Date(context.clock.now())
    const sessionId = newId()
    await manager.getRepository(LoginSessionEntity).insert({
      sessionId,
      userId,
      userAgent: userAgent.slice(0, 200),
      createdAt: now,
      lastUsedAt: now,
      expiresAt: new Date(now.getTime() + context.sessionLifeMs),
    })
    return issuePair(context, manager, account, sessionId)
  })

const liveSession = {
  name: 'live-session',
  text: `SELECT 1 FROM auth.login_session JOIN auth.account USING (user_id)
         WHERE session_id = $1 AND user_id = $2 AND state = 'active'`,
}

/** The live session behind a verified token. Throws `unauthorized` where it was ended or its account disabled. */
export const requireSession = async (context: AuthContext, caller: Caller): Promise<Caller> => {
  const rows = await context.database.query(liveSession, [caller.sessionId, caller.userId])
  if (rows.length === 0) throw new QsmError('unauthorized')
  return caller
}
