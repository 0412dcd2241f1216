import { type Caller, newId, QsmError } from '@qsm/server-kit'
import type { EntityManager } from 'typeorm'
import type { AuthContext } from '../context.js'
import { type Account, AccountEntity } from '../entities/account.js'
import { LoginSessionEntity } from '../entities/login-session.js'
import { endSessionsWithin } from './end-sessions.js'
import { newTokenFamily, refreshTokenHash } from './refresh-tokens.js'
import { issuePair, type TokenPair } from './token-pair.js'

/** Live sessions of one account. Lists, exports and the events of a new password are no longer than that. */
const maxSessions = 100

/** Those of a user that have to go so that one more fits: used longest ago first, whatever is over already among them. */
const surplusSessions = async (manager: EntityManager, userId: string): Promise<readonly string[]> => {
  const surplus = await manager.getRepository(LoginSessionEntity).find({
    select: { sessionId: true },
    where: { userId },
    order: { lastUsedAt: 'DESC', sessionId: 'DESC' },
    skip: maxSessions - 1,
  })
  return surplus.map(session => session.sessionId)
}

/**
 * Begins a login session of an account whose password was checked; over 100 it ends the one used longest ago. Null where
 * the account was disabled or deleted or has another password meanwhile: the row is locked, so a change comes before and is
 * seen, or after and ends this session. The lock also lets logins of one account count their sessions in turn.
 */
export const beginSession = async (
  context: AuthContext,
  account: Account,
  userAgent: string,
): Promise<TokenPair | null> => {
  const { userId, passwordHash } = account
  const begun = await context.database.dataSource.transaction(async manager => {
    const unchanged = await manager.getRepository(AccountEntity).findOne({
      where: { userId, passwordHash, state: 'active' },
      lock: { mode: 'for_no_key_update' },
    })
    if (!unchanged) return null
    const surplus = await surplusSessions(manager, userId)
    const now = new Date(context.clock.now())
    const sessionId = newId()
    const family = newTokenFamily()
    await manager.getRepository(LoginSessionEntity).insert({
      sessionId,
      userId,
      userAgent: userAgent.slice(0, 200),
      createdAt: now,
      lastUsedAt: now,
      expiresAt: new Date(now.getTime() + context.sessionLifeMs),
      tokenFamilySha256: refreshTokenHash(family),
    })
    const pair = await issuePair(context, manager, account, { sessionId, family })
    return { pair, ended: await endSessionsWithin(manager, account, surplus, now) }
  })
  if (!begun) return null
  if (begun.ended > 0) context.bus.publish({ kind: 'account-events' })
  return begun.pair
}

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
