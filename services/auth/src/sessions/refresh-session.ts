import { QsmError } from '@qsm/server-kit'
import type { EntityManager } from 'typeorm'
import type { AuthContext } from '../context.js'
import { AccountEntity } from '../entities/account.js'
import { LoginSessionEntity } from '../entities/login-session.js'
import { RefreshTokenEntity } from '../entities/refresh-token.js'
import { endSessionsWithin } from './end-sessions.js'
import { refreshTokenHash } from './refresh-tokens.js'
import { issuePair, type TokenPair } from './token-pair.js'

type Rotation = { readonly pair: TokenPair } | { readonly refused: 'unknown' | 'reused' | 'lost-race' }

/**
 * One use of a refresh token. The session's row is locked before that of the token, as in every other change of a session,
 * so that no two wait for each other.
 */
const rotate = async (
  context: AuthContext,
  manager: EntityManager,
  token: string,
  arrivedAt: number,
): Promise<Rotation> => {
  const tokens = manager.getRepository(RefreshTokenEntity)
  const sessions = manager.getRepository(LoginSessionEntity)
  const tokenSha256 = refreshTokenHash(token)
  const known = await tokens.findOneBy({ tokenSha256 })
  if (!known) return { refused: 'unknown' }
  // Who was under way before the first use lost a race; who comes later holds a stolen or a kept token.
  const isLostRace = (usedAt: Date | null) => usedAt !== null && arrivedAt <= usedAt.getTime()
  if (isLostRace(known.usedAt)) return { refused: 'lost-race' }
  const { sessionId } = known
  const session = await sessions.findOne({ where: { sessionId }, lock: { mode: 'pessimistic_write' } })
  // Read again: another may have used it, or ended the session, before the lock was given.
  const row = session && (await tokens.findOneBy({ tokenSha256 }))
  const now = new Date(context.clock.now())
  if (!row || session.expiresAt <= now) return { refused: 'unknown' }
  if (isLostRace(row.usedAt)) return { refused: 'lost-race' }
  const account = await manager.getRepository(AccountEntity).findOneBy({ userId: session.userId })
  if (account?.state !== 'active') return { refused: 'unknown' }
  if (row.usedAt) {
    await endSessionsWithin(manager, account, [sessionId], now)
    return { refused: 'reused' }
  }
  const expiresAt = new Date(now.getTime() + context.sessionLifeMs)
  await tokens.update({ tokenSha256 }, { usedAt: now })
  await sessions.update({ sessionId }, { lastUsedAt: now, expiresAt })
  return { pair: await issuePair(context, manager, account, sessionId) }
}

/**
 * The next pair for a refresh token. It works once: a second use ends the whole session. Of parallel uses one wins and
 * the others are refused without harm (docs/adr/0008-parallel-refreshes.md). `arrivedAt` is when the request came, in
 * milliseconds since 1970. Throws `invalid_refresh_token`.
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
