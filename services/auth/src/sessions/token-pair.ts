import type { AuthContext } from '../context.js'
import type { Account } from '../entities/account.js'
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

/** The next pair of a session, of whose refresh token the SHA-256 is yet to be stored. */
export const makePair = (
  context: AuthContext,
  account: Pick<Account, 'userId' | 'username'>,
  { sessionId, family }: { readonly sessionId: string; readonly family: Buffer },
): { readonly pair: TokenPair; readonly refreshSha256: Buffer } => {
  const refreshToken = newRefreshToken(family)
  const pair: TokenPair = {
    access_token: context.tokens.issueAccess({ userId: account.userId, username: account.username, sessionId }),
    token_type: 'bearer',
    expires_in: context.tokens.lifeSeconds,
    refresh_token: refreshToken,
    username: account.username,
    user_id: account.userId,
    quantum_ready: context.quantumReady(),
  }
  return { pair, refreshSha256: refreshTokenHash(refreshToken) }
}
