import { refreshToken as contract } from '@qsm/contract'
import { route } from '@qsm/server-kit'
import type { AuthContext } from '../context.js'
import { refreshSession } from '../sessions/refresh-session.js'

export const refreshToken = (context: AuthContext) => {
  const perAddress = context.rateLimits({ name: 'refresh', points: 3_000, perSeconds: 60 })
  const perSession = context.rateLimits({ name: 'refresh-session', points: 60, perSeconds: 60 })
  return route(contract)(async ({ body, clientAddress, arrivedAt }) => {
    await perAddress.take(clientAddress)
    return { status: 200, body: await refreshSession(context, perSession, body.refresh_token, arrivedAt) }
  })
}
