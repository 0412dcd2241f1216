import { login as contract, usernameKey } from '@qsm/contract'
import { QsmError, route } from '@qsm/server-kit'
import { findByName } from '../accounts/accounts.js'
import type { AuthContext } from '../context.js'
import { beginSession } from '../sessions/sessions.js'

export const login = (context: AuthContext) => {
  // Right passwords cost a hash and a session as well: whoever knows one is limited too, but only against a flood. That
  // nobody takes all the hashing is seen to by the hasher, which lets few of one account or address wait.
  const perAddress = context.rateLimits({ name: 'login-address', points: 12_000, perSeconds: 60 })
  const perAccount = context.rateLimits({ name: 'login-account', points: 1_800, perSeconds: 60 })
  return route(contract)(async ({ body, clientAddress, userAgent }) => {
    await perAddress.take(clientAddress)
    const guess = await context.guesses.guess(body.username, clientAddress)
    // After the guess: who guesses is refused there, and does not use up the logins of the owner.
    const whom = { account: usernameKey(body.username), address: clientAddress }
    await perAccount.take(whom.account)
    const account = await findByName(context, body.username)
    const fits = await context.hasher.verify(account?.passwordHash ?? null, body.password, whom, guess.begin)
    if (!account || !fits || account.state !== 'active') throw new QsmError('invalid_credentials')
    await guess.succeeded()
    const pair = await beginSession(context, account, userAgent)
    if (!pair) throw new QsmError('invalid_credentials')
    return { status: 200, body: pair }
  })
}
