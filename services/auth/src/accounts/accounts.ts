import { usernameKey } from '@qsm/contract'
import { type Caller, newId, QsmError, violatedUnique } from '@qsm/server-kit'
import type { AuthContext } from '../context.js'
import { type Account, AccountEntity, usernameConstraint } from '../entities/account.js'
import { appendAccountEvents } from '../feed/account-events.js'
import { checkNewPassword } from '../passwords/password-rules.js'
import { endOtherSessions } from '../sessions/end-sessions.js'

/** What a login needs of an account. */
export type LoginAccount = Pick<Account, 'userId' | 'username' | 'passwordHash' | 'state'>

const byName = {
  name: 'account-by-name',
  text: `SELECT user_id AS "userId", username, password_hash AS "passwordHash", state
         FROM auth.account WHERE username_key = $1`,
}

export const findByName = async (context: AuthContext, username: string): Promise<LoginAccount | null> => {
  const [account] = await context.database.query<LoginAccount>(byName, [usernameKey(username)])
  return account ?? null
}

export const findById = (context: AuthContext, userId: string): Promise<Account | null> =>
  context.database.dataSource.getRepository(AccountEntity).findOneBy({ userId })

const usernameTaken = () => new QsmError('username_taken', undefined, { details: { field: 'username' } })

/** Makes an account for who asks from that address. Throws `username_taken` or `weak_password`. */
export const createAccount = async (
  context: AuthContext,
  given: { readonly username: string; readonly email: string; readonly password: string },
  address: string,
): Promise<Account> => {
  checkNewPassword(context, given.username, { field: 'password', password: given.password })
  if (await findByName(context, given.username)) throw usernameTaken()
  const passwordHash = await context.hasher.hash(given.password, { account: usernameKey(given.username), address })
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
      await appendAccountEvents(manager, [{ type: 'created', userId: account.userId, username: account.username }], now)
    })
  } catch (error) {
    if (violatedUnique(error) === usernameConstraint) throw usernameTaken()
    throw error
  }
  context.bus.publish({ kind: 'account-events' })
  return account
}

/**
 * Puts a new password in the place of the one that was checked, and ends the caller's other sessions. False where the
 * account or its password has changed since.
 */
export const replacePassword = async (
  context: AuthContext,
  caller: Caller,
  passwordHash: { readonly checked: string; readonly next: string },
): Promise<boolean> => {
  const at = new Date(context.clock.now())
  const changed = await context.database.dataSource.transaction(async manager => {
    const { affected } = await manager
      .getRepository(AccountEntity)
      .update(
        { userId: caller.userId, passwordHash: passwordHash.checked },
        { passwordHash: passwordHash.next, passwordChangedAt: at },
      )
    if (affected !== 1) return false
    await endOtherSessions(manager, caller, at)
    return true
  })
  if (changed) context.bus.publish({ kind: 'account-events' })
  return changed
}

/** Deletes an account with its sessions; other services learn of it from the feed. */
export const deleteAccount = async (context: AuthContext, caller: Caller): Promise<void> => {
  const now = new Date(context.clock.now())
  await context.database.dataSource.transaction(async manager => {
    const { affected } = await manager.getRepository(AccountEntity).delete({ userId: caller.userId })
    if (affected !== 1) return
    await appendAccountEvents(manager, [{ type: 'deleted', userId: caller.userId, username: caller.username }], now)
  })
  context.bus.publish({ kind: 'account-events' })
}
