import { getSessionStatus as contract } from '@qsm/contract'
import { route } from '@qsm/server-kit'
import type { MessageParts } from '../parts.js'
import { otherUser } from '../thin/recipient.js'
import { requireThin } from '../thin/require-thin.js'

export const getSessionStatus = ({ context, accounts, thin }: MessageParts) => {
  const perUser = context.rateLimits({ name: 'session-status', points: 600, perSeconds: 60 })
  return route(contract)(async ({ caller, accessToken, query }) => {
    await perUser.take(caller.userId)
    await requireThin(thin, caller.sessionId)
    const peer = await otherUser(accounts, caller.userId, query.peer, 'peer')
    return { status: 200, body: { peer: peer.username, ...(await thin.status({ ...caller, accessToken }, peer)) } }
  })
}
