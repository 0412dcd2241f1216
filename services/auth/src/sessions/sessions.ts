import { type Caller, newId, QsmError } from '@qsm/server-kit'
import { type EntityManager, Not } from 'typeorm'
import type { AuthContext } from '../context.js'
import { type Account, AccountEntity } from '../entities/account.js'
import { type LoginSession, LoginSessionEntity } from '../entities/login-session.js'
import { RefreshTokenEntity } from '../entities/refresh-token.js'
import { appendAccountEvent } from '../feed/account-events.js'
import { newRefreshToken, refreshTokenHash } from './refresh-tokens.js'

/** The answer of login and refresh. */
export interface TokenPair {
  readonly access_token: string
  readonly token_type: 'bearer'
  readonly expires_in: number
  readonly refresh_token: string
  readonly username: string
  readonly user_id: string
  readonly quantum_ready: boolean
}

const tokenPair = (context: AuthContext, account: Account, sessionId: string, refreshToken: string): TokenPair => ({
  access_token: context.tokens.issueAccess({ userId: account.userId, username: account.username, sessionId }),
  token_type: 'bearer',
  expires_in: context.tokens.lifeSeconds,
  refresh_token: refreshToken,
  username: account.username,
  user_id: account.userId,
  quantum_ready: context.quantumReady(),
})

const storeRefreshToken = async (manager: EntityManager, sessionId: string, now: Date): Promise<string> => {
  const token = newRefreshToken()
  const row = { tokenSha256: refreshTokenHash(token), sessionId, issuedAt: now, usedAt: null }
  await manager.getRepository(RefreshTokenEntity).insert(row)
  return token
}

/** Begins a login session of an account whose password was checked. */
export const beginSession = async (context: AuthContext, account: Account, userAgent: string): Promise<TokenPair> => {
  const now = new Date(context.clock.now())
  const session: LoginSession = {
    sessionId: newId(),
    userId: account.userId,
    userAgent: userAgent.slice(0, 200),
    createdAt: now,
    lastUsedAt: now,
    expiresAt: new Date(now.getTime() + context.sessionLifeMs),
  }
  const refreshToken = await context.database.dataSource.transaction(async manager => {
    await manager.getRepository(LoginSessionEntity).insert(session)
    return storeRefreshToken(manager, session.sessionId, now)
  })
  return tokenPair(context, account, session.sessionId, refreshToken)
}

const endInTransaction = async (
  manager: EntityManager,
  session: LoginSession,
  username: string,
  at: Date,
): Promise<void> => {
  const { affected } = await manager.getRepository(LoginSessionEntity).delete({ sessionId: session.sessionId })
  if (affected !== 1) return
  const event = { type: 'session_ended', userId: session.userId, username, sessionId: session.sessionId } as const
  await appendAccountEvent(manager, event, at)
}

/** Ends a session of a user. False where the user has no such session. */
export const endSession = async (
  context: AuthContext,
  userId: string,
  sessionId: string,
  username: string,
): Promise<boolean> => {
  const ended = await context.database.dataSource.transaction(async manager => {
    const session = await manager.getRepository(LoginSessionEntity).findOneBy({ sessionId, userId })
    if (!session) return false
    await endInTransaction(manager, session, username, new Date(context.clock.now()))
    return true
  })
  if (ended) context.bus.publish({ kind: 'account-events' })
  return ended
}

/** Ends every session of a user but one, within the caller's transaction. */
export const endOtherSessions = async (context: AuthContext, manager: EntityManager, caller: Caller): Promise<void> => {
  const others = await manager
    .getRepository(LoginSessionEntity)
    .findBy({ userId: caller.userId, sessionId: Not(caller.sessionId) })
  for (const session of others) await endInTransaction(manager, session, caller.username, new Date(context.clock.now()))
}

type Rotation = { readonly pair: TokenPair } | { readonly refused: 'unknown' | 'reused' | 'lost-race' }

const rotate = async (
  context: AuthContext,
  manager: EntityManager,
  token: string,
  arrivedAt: number,
): Promise<Rotation> => {
  const tokens = manager.getRepository(RefreshTokenEntity)
  const tokenSha256 = refreshTokenHash(token)
  const row = await tokens.findOne({ where: { tokenSha256 }, lock: { mode: 'pessimistic_write' } })
  const session = row && (await manager.getRepository(LoginSessionEntity).findOneBy({ sessionId: row.sessionId }))
  const account = session && (await manager.getRepository(AccountEntity).findOneBy({ userId: session.userId }))
  if (!row || !session || !account || account.state !== 'active') return { refused: 'unknown' }
  const now = new Date(context.clock.now())
  if (session.expiresAt <= now) return { refused: 'unknown' }
  if (row.usedAt) {
    // Who was under way before the first use was answered lost a race; who comes later holds a stolen or a kept token.
    if (arrivedAt <= row.usedAt.getTime()) return { refused: 'lost-race' }
    await endInTransaction(manager, session, account.username, now)
    return { refused: 'reused' }
  }
  await tokens.update({ tokenSha256 }, { usedAt: now })
  const expiresAt = new Date(now.getTime() + context.sessionLifeMs)
  await manager
    .getRepository(LoginSessionEntity)
    .update({ sessionId: session.sessionId }, { lastUsedAt: now, expiresAt })
  const next = await storeRefreshToken(manager, session.sessionId, now)
  return { pair: tokenPair(context, account, session.sessionId, next) }
}

/**
 * The next pair for a refresh token. It works once: a second use ends the whole session. Of parallel uses one wins and
 * the others are refused without harm. Throws `invalid_refresh_token`.
 */
export const refreshSession = async (context: AuthContext, token: string, arrivedAt: number): Promise<TokenPair> => {
  const rotation = await context.database.dataSource.transaction(manager => rotate(context, manager, token, arrivedAt))
  if ('pair' in rotation) return rotation.pair
  if (rotation.refused === 'reused') {
    context.log.warn({ event: 'refresh_token_reused' }, 'a used refresh token came again; its session was ended')
    context.bus.publish({ kind: 'account-events' })
  }
  throw new QsmError('invalid_refresh_token')
}

/** The live session behind a verified token. Throws `unauthorized` where it was ended. */
export const requireSession = async (context: AuthContext, caller: Caller): Promise<Caller> => {
  const alive = await context.database.dataSource
    .getRepository(LoginSessionEntity)
    .existsBy({ sessionId: caller.sessionId, userId: caller.userId })
  if (!alive) throw new QsmError('unauthorized')
  return caller
}
