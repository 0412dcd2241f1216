import { type Caller, newId, QsmError } from '@qsm/server-kit'
import type { LoginAccount } from '../accounts/accounts.js'
import type { AuthContext } from '../context.js'
import { newTokenFamily, refreshTokenHash } from './refresh-tokens.js'
import { makePair, type TokenPair } from './token-pair.js'

/** Live sessions of one account. Lists, exports and the events of a new password are no longer than that. */
const maxSessions = 100

const begin = {
  name: 'begin-session',
  text: 'SELECT auth.begin_session($1, $2, $3, $4, $5, $6, $7, $8, $9) AS ended',
}

/**
 * Begins a login session of an account whose password was checked; over 100 it ends those used longest ago, whatever is over
 * already among them. Null where the account was disabled or deleted or has another password meanwhile: the row is locked,
 * so a change comes before and is seen, or after and ends this session. The lock also lets logins of one account count
 * their sessions in turn. All of it is one function of the database (migrations/0003-begin-session.ts).
 */
export const beginSession = async (
  context: AuthContext,
  account: LoginAccount,
  userAgent: string,
): Promise<TokenPair | null> => {
  const now = context.clock.now()
  const sessionId = newId()
  const family = newTokenFamily()
  const { pair, refreshSha256 } = makePair(context, account, { sessionId, family })
  const [row] = await context.database.query<{ ended: number | null }>(begin, [
    account.userId,
    account.passwordHash,
    sessionId,
    userAgent.slice(0, 200),
    new Date(now),
    new Date(now + context.sessionLifeMs),
    refreshTokenHash(family),
    refreshSha256,
    maxSessions,
  ])
  const ended = row?.ended ?? null
  if (ended === null) return null
  if (ended > 0) context.bus.publish({ kind: 'account-events' })
  return pair
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
