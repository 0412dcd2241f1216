import { login as contract } from '@qsm/contract'
import { QsmError, route } from '@qsm/server-kit'
import { findByName } from '../accounts/accounts.js'
import type { AuthContext } from '../context.js'
import { beginSession } from '../sessions/sessions.js'

export const login = (context: AuthContext) =>
  route(contract)(async ({ body, clientAddress, userAgent }) => {
    const guess = await context.guesses.guess(body.username, clientAddress)
    const account = await findByName(context, body.username)
    const fits = await context.hasher.verify(account?.passwordHash ?? null, body.password, guess.begin)
    if (!account || !fits || account.state !== 'active') throw new QsmError('invalid_credentials')
    await guess.succeeded()
    const pair = await beginSession(context, account, userAgent)
    if (!pair) throw new QsmError('invalid_credentials')
    return { status: 200, body: pair }
  })
