import { terminateSession as contract } from '@qsm/contract'
import { route } from '@qsm/server-kit'
import type { MessageParts } from '../parts.js'
import { otherUser } from '../thin/recipient.js'
import { requireThin } from '../thin/require-thin.js'

export const terminateSession = ({ context, accounts, thin }: MessageParts) => {
  const perUser = context.rateLimits({ name: 'session-terminate', points: 60, perSeconds: 60 })
  return route(contract)(async ({ caller, accessToken, body }) => {
    await perUser.take(caller.userId)
    await requireThin(thin, caller.sessionId)
    const peer = await otherUser(accounts, caller.userId, body.peer, 'peer')
    await thin.terminate({ ...caller, accessToken }, peer)
    return { status: 200, body: { peer: peer.username, status: 'terminated' } }
  })
}
