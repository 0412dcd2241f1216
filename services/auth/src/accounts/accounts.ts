import { usernameKey } from '@qsm/contract'
import { newId, QsmError, violatedUnique } from '@qsm/server-kit'
import type { AuthContext } from '../context.js'
import { type Account, AccountEntity } from '../entities/account.js'
import { appendAccountEvent } from '../feed/account-events.js'
import { checkNewPassword } from '../passwords/password-rules.js'

export const findByName = (context: AuthContext, username: string): Promise<Account | null> =>
  context.database.dataSource.getRepository(AccountEntity).findOneBy({ usernameKey: usernameKey(username) })

export const findById = (context: AuthContext, userId: string): Promise<Account | null> =>
  context.database.dataSource.getRepository(AccountEntity).findOneBy({ userId })

/** Makes an account. Throws `username_taken` or `weak_password`. */
export const createAccount = async (
  context: AuthContext,
  given: { readonly username: string; readonly email: string; readonly password: string },
): Promise<Account> => {
  checkNewPassword(context, given.username, given.password)
  if (await findByName(context, given.username))
    throw new QsmError('username_taken', undefined, { details: { field: 'username' } })
  const passwordHash = await context.hasher.hash(given.password)
  const now = new Date(context.clock.now())
  const account: Account = {
    userId: newId(),
    username: given.username,
    usernameKey: usernameKey(given.username),
    email: given.email,
    passwordHash,
    state: 'active',
    createdAt: now,
    passwordChangedAt: now,
  }
  try {
    await context.database.dataSource.transaction(async manager => {
      await manager.getRepository(AccountEntity).insert(account)
      await appendAccountEvent(manager, { type: 'created', userId: account.userId, username: account.username }, now)
    })
  } catch (error) {
    if (violatedUnique(error) !== null)
      throw new QsmError('username_taken', undefined, { details: { field: 'username' } })
    throw error
  }
  context.bus.publish({ kind: 'account-events' })
  return account
}

/** Deletes an account with its sessions; other services learn of it from the feed. */
export const deleteAccount = async (context: AuthContext, userId: string): Promise<void> => {
  const now = new Date(context.clock.now())
  await context.database.dataSource.transaction(async manager => {
    const account = await manager.getRepository(AccountEntity).findOneBy({ userId })
    if (!account) return
    await manager.getRepository(AccountEntity).delete({ userId })
    await appendAccountEvent(manager, { type: 'deleted', userId, username: account.username }, now)
  })
  context.bus.publish({ kind: 'account-events' })
}
