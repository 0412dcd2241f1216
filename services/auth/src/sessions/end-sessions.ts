import type { Caller } from '@qsm/server-kit'
import { Any, type EntityManager, type FindOptionsWhere, Not } from 'typeorm'
import type { AuthContext } from '../context.js'
import { type LoginSession, LoginSessionEntity } from '../entities/login-session.js'
import { appendAccountEvents } from '../feed/account-events.js'

type User = Pick<Caller, 'userId' | 'username'>

/** Ends sessions of one user in the caller's transaction, as its last step. Returns how many there were. */
const endWhere = async (
  manager: EntityManager,
  user: User,
  which: FindOptionsWhere<LoginSession>,
  at: Date,
): Promise<number> => {
  const { raw } = await manager
    .createQueryBuilder()
    .delete()
    .from(LoginSessionEntity)
    .where({ ...which, userId: user.userId })
    .returning('session_id')
    .execute()
  const ended = raw as readonly { readonly session_id: string }[]
  const { userId, username } = user
  const events = ended.map(row => ({ type: 'session_ended', userId, username, sessionId: row.session_id }) as const)
  await appendAccountEvents(manager, events, at)
  return ended.length
}

/** Ends sessions of a user in the caller's transaction, as its last step. Returns how many of them there were. */
export const endSessionsWithin = async (
  manager: EntityManager,
  user: User,
  sessionIds: readonly string[],
  at: Date,
): Promise<number> => (sessionIds.length === 0 ? 0 : endWhere(manager, user, { sessionId: Any(sessionIds) }, at))

/** Ends a session of a user, with its tokens. False where the user has no such session. */
export const endSession = async (context: AuthContext, user: User, sessionId: string): Promise<boolean> => {
  const at = new Date(context.clock.now())
  const ended = await context.database.dataSource.transaction(manager =>
    endSessionsWithin(manager, user, [sessionId], at),
  )
  if (ended > 0) context.bus.publish({ kind: 'account-events' })
  return ended > 0
}

/** Ends every session of a user but the calling one, in the caller's transaction, as its last step. */
export const endOtherSessions = async (manager: EntityManager, caller: Caller, at: Date): Promise<void> => {
  await endWhere(manager, caller, { sessionId: Not(caller.sessionId) }, at)
}
