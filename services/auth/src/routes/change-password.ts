import { changePassword as contract } from '@qsm/contract'
import { QsmError, route } from '@qsm/server-kit'
import { findById, replacePassword } from '../accounts/accounts.js'
import type { AuthContext } from '../context.js'
import { checkNewPassword } from '../passwords/password-rules.js'

const wrongPassword = () => new QsmError('invalid_credentials', 'The current password is wrong.')

export const changePassword = (context: AuthContext) => {
  const perUser = context.rateLimits({ name: 'password', points: 10, perSeconds: 900 })
  return route(contract)(async ({ caller, body, clientAddress }) => {
    await perUser.take(caller.userId)
    const guess = await context.guesses.guessOfCaller(caller.userId)
    const account = await findById(context, caller.userId)
    const whom = { account: caller.userId, address: clientAddress }
    const fits = await context.hasher.verify(account?.passwordHash ?? null, body.current_password, whom, guess.begin)
    if (!account || !fits) throw wrongPassword()
    await guess.succeeded()
    checkNewPassword(context, account.username, { field: 'new_password', password: body.new_password })
    const next = await context.hasher.hash(body.new_password, whom)
    if (!(await replacePassword(context, caller, { checked: account.passwordHash, next }))) throw wrongPassword()
    return { status: 204 }
  })
}
