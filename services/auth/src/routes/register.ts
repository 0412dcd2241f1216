import { register as contract } from '@qsm/contract'
import { route } from '@qsm/server-kit'
import { createAccount } from '../accounts/accounts.js'
import type { AuthContext } from '../context.js'

export const register = (context: AuthContext) => {
  const perAddress = context.rateLimits({ name: 'register', points: 600, perSeconds: 60 })
  return route(contract)(async ({ body, clientAddress }) => {
    await perAddress.take(clientAddress)
    const account = await createAccount(context, body, clientAddress)
    return {
      status: 201,
      body: {
        message: 'Registered. Log in to get a token.',
        user_id: account.userId,
        username: account.username,
        quantum_ready: context.quantumReady(),
      },
    }
  })
}
