import { QsmError, type RateLimit } from '@qsm/server-kit'
import { type EntityManager, LessThan } from 'typeorm'
import type { AuthContext } from '../context.js'
import { AccountEntity } from '../entities/account.js'
import { LoginSessionEntity } from '../entities/login-session.js'
import { type RefreshToken, RefreshTokenEntity } from '../entities/refresh-token.js'
import { endSessionsWithin } from './end-sessions.js'
import { refreshTokenHash, tokenFamilyOf } from './refresh-tokens.js'
import { makePair, type TokenPair } from './token-pair.js'

type Rotation = { readonly pair: TokenPair } | { readonly refused: 'unknown' | 'reused' | 'lost-race' }

/** One use of a refresh token. */
interface Use {
  readonly tokenSha256: Buffer
  readonly family: Buffer
  /** When the request came, in milliseconds since 1970. */
  readonly arrivedAt: number
}

/** For so long the row of a used token is kept: no request is under way for longer, so what comes later lost no race. */
const keepUsedMs = 10 * 60_000

/** Who was under way before the first use lost a race; who comes later holds a stolen or a kept token. */
const isLostRace = (token: RefreshToken, { arrivedAt }: Use): boolean =>
  token.usedAt !== null && arrivedAt <= token.usedAt.getTime()

/**
 * The session's row is locked before that of the token, as in every other change of a session, so that no two wait for each
 * other.
 */
const rotate = async (context: AuthContext, manager: EntityManager, sessionId: string, use: Use): Promise<Rotation> => {
  const tokens = manager.getRepository(RefreshTokenEntity)
  const sessions = manager.getRepository(LoginSessionEntity)
  const { tokenSha256, family } = use
  const session = await sessions.findOne({ where: { sessionId }, lock: { mode: 'pessimistic_write' } })
  const now = new Date(context.clock.now())
  if (!session || session.expiresAt <= now) return { refused: 'unknown' }
  // Read under the lock: another may have used it meanwhile.
  const row = await tokens.findOneBy({ tokenSha256 })
  if (row && isLostRace(row, use)) return { refused: 'lost-race' }
  const account = await manager.getRepository(AccountEntity).findOneBy({ userId: session.userId })
  if (account?.state !== 'active') return { refused: 'unknown' }
  if (!row || row.usedAt) {
    await endSessionsWithin(manager, account, [sessionId], now)
    return { refused: 'reused' }
  }
  const expiresAt = new Date(now.getTime() + context.sessionLifeMs)
  await tokens.delete({ sessionId, usedAt: LessThan(new Date(now.getTime() - keepUsedMs)) })
  await tokens.update({ tokenSha256 }, { usedAt: now })
  await sessions.update({ sessionId }, { lastUsedAt: now, expiresAt, tokenFamilySha256: refreshTokenHash(family) })
  const { pair, refreshSha256 } = makePair(context, account, { sessionId, family })
  await tokens.insert({ tokenSha256: refreshSha256, sessionId, issuedAt: now, usedAt: null })
  return { pair }
}

/** By the session to which a token belongs, or belonged while it had a row (docs/adr/0012-families-of-refresh-tokens.md). */
const rotateKnown = async (context: AuthContext, perSession: RateLimit, use: Use): Promise<Rotation> => {
  const { dataSource } = context.database
  const { tokenSha256, family } = use
  const known = await dataSource.getRepository(RefreshTokenEntity).findOneBy({ tokenSha256 })
  if (known && isLostRace(known, use)) return { refused: 'lost-race' }
  // Not for a used one: it ends the session whatever was asked before.
  if (known?.usedAt === null) await perSession.take(known.sessionId)
  const owner =
    known ??
    (await dataSource.getRepository(LoginSessionEntity).findOneBy({ tokenFamilySha256: refreshTokenHash(family) }))
  if (!owner) return { refused: 'unknown' }
  return dataSource.transaction(manager => rotate(context, manager, owner.sessionId, use))
}

/**
 * The next pair for a refresh token. It works once: a second use ends the whole session. Of parallel uses one wins and
 * the others are refused without harm (docs/adr/0008-parallel-refreshes.md). `arrivedAt` is when the request came, in
 * milliseconds since 1970. Throws `invalid_refresh_token`, and `rate_limited` by session.
 */
export const refreshSession = async (
  context: AuthContext,
  perSession: RateLimit,
  token: string,
  arrivedAt: number,
): Promise<TokenPair> => {
  const family = tokenFamilyOf(token)
  if (!family) throw new QsmError('invalid_refresh_token')
  const use = { tokenSha256: refreshTokenHash(token), family, arrivedAt }
  const rotation = await rotateKnown(context, perSession, use)
  if ('pair' in rotation) return rotation.pair
  if (rotation.refused === 'reused') {
    context.log.warn({ event: 'refresh_token_reused' }, 'a used refresh token came again; its session was ended')
    context.bus.publish({ kind: 'account-events' })
  }
  throw new QsmError('invalid_refresh_token')
}
