import { LessThan } from 'typeorm'
import type { AuthContext } from '../context.js'
import { LoginSessionEntity } from '../entities/login-session.js'

const intervalMs = 3_600_000

/** Removes login sessions that are over, with their refresh tokens, once an hour. Safe on several pods at once. */
export const startExpiry = (context: AuthContext): (() => void) => {
  const run = async () => {
    try {
      const now = new Date(context.clock.now())
      await context.database.dataSource.getRepository(LoginSessionEntity).delete({ expiresAt: LessThan(now) })
    } catch (error) {
      context.log.warn({ err: error }, 'removing old sessions failed; the next hour tries again')
    }
  }
  const timer = setInterval(() => void run(), intervalMs)
  timer.unref()
  return () => clearInterval(timer)
}
