import { changePassword as contract } from '@qsm/contract'
import { QsmError, route } from '@qsm/server-kit'
import { findById } from '../accounts/accounts.js'
import type { AuthContext } from '../context.js'
import { AccountEntity } from '../entities/account.js'
import { checkNewPassword } from '../passwords/password-rules.js'
import { endOtherSessions } from '../sessions/sessions.js'

export const changePassword = (context: AuthContext) => {
  const perUser = context.rateLimits({ name: 'password', points: 10, perSeconds: 900 })
  return route(contract)(async ({ caller, body }) => {
    await perUser.take(caller.userId)
    const account = await findById(context, caller.userId)
    if (!(await context.hasher.verify(account?.passwordHash ?? null, body.current_password)) || !account) {
      throw new QsmError('invalid_credentials', 'The current password is wrong.')
    }
    checkNewPassword(context, account.username, body.new_password)
    const passwordHash = await context.hasher.hash(body.new_password)
    await context.database.dataSource.transaction(async manager => {
      const passwordChangedAt = new Date(context.clock.now())
      await manager.getRepository(AccountEntity).update({ userId: account.userId }, { passwordHash, passwordChangedAt })
      await endOtherSessions(context, manager, caller)
    })
    context.bus.publish({ kind: 'account-events' })
    return { status: 204 }
  })
}
