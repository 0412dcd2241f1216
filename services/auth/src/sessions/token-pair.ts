import type { EntityManager } from 'typeorm'
import type { AuthContext } from '../context.js'
import type { Account } from '../entities/account.js'
import { RefreshTokenEntity } from '../entities/refresh-token.js'
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

/** The next pair of a session; its refresh token is stored in the caller's transaction. */
export const issuePair = async (
  context: AuthContext,
  manager: EntityManager,
  account: Pick<Account, 'userId' | 'username'>,
  { sessionId, family }: { readonly sessionId: string; readonly family: Buffer },
): Promise<TokenPair> => {
  const refreshToken = newRefreshToken(family)
  await manager.getRepository(RefreshTokenEntity).insert({
    tokenSha256: refreshTokenHash(refreshToken),
    sessionId,
    issuedAt: new Date(context.clock.now()),
    usedAt: null,
  })
  return {
    access_token: context.tokens.issueAccess({ userId: account.userId, username: account.username, sessionId }),
    token_type: 'bearer',
    expires_in: context.tokens.lifeSeconds,
    refresh_token: refreshToken,
    username: account.username,
    user_id: account.userId,
    quantum_ready: context.quantumReady(),
  }
}
