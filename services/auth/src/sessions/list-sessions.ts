import type { AuthContext } from '../context.js'
import { LoginSessionEntity } from '../entities/login-session.js'

/** The live login sessions of a user as answers show them, newest first. */
export const sessionsOf = async (context: AuthContext, userId: string) => {
  const sessions = await context.database.dataSource
    .getRepository(LoginSessionEntity)
    .find({ where: { userId }, order: { createdAt: 'DESC', sessionId: 'DESC' } })
  return sessions
    .filter(session => session.expiresAt.getTime() > context.clock.now())
    .map(session => ({
      session_id: session.sessionId,
      user_agent: session.userAgent,
      created_at: session.createdAt.toISOString(),
      last_used_at: session.lastUsedAt.toISOString(),
      expires_at: session.expiresAt.toISOString(),
    }))
}
