import { login as contract } from '@qsm/contract'
import { QsmError, route } from '@qsm/server-kit'
import { findByName } from '../accounts/accounts.js'
import type { AuthContext } from '../context.js'
import { createGuessLimits } from '../passwords/guess-limits.js'
import { beginSession } from '../sessions/sessions.js'

export const login = (context: AuthContext) => {
  const guesses = createGuessLimits(context.clock)
  return route(contract)(async ({ body, clientAddress, userAgent }) => {
    guesses.check(body.username, clientAddress)
    const account = await findByName(context, body.username)
    const fits = await context.hasher.verify(account?.passwordHash ?? null, body.password)
    if (!account || !fits || account.state !== 'active') {
      guesses.failed(body.username, clientAddress)
      throw new QsmError('invalid_credentials')
    }
    guesses.succeeded(body.username)
    return { status: 200, body: await beginSession(context, account, userAgent) }
  })
}
