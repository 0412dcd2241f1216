import { blockUser as contract } from '@qsm/contract'
import { QsmError, route } from '@qsm/server-kit'
import { announceConnection } from '../connections/announce.js'
import { setBlock } from '../connections/block.js'
import { listConnections } from '../connections/list.js'
import type { MessageParts } from '../parts.js'

export const blockUser = ({ context, accounts }: MessageParts) => {
  const perUser = context.rateLimits({ name: 'block', points: 120, perSeconds: 60 })
  return route(contract)(async ({ caller, params, body }) => {
    await perUser.take(caller.userId)
    const peer = await accounts.byName(params.username)
    if (!peer || peer.userId === caller.userId) throw new QsmError('not_found', 'There is no other user of this name.')
    await setBlock(context.database, caller.userId, peer.userId, body?.blocked ?? true)
    announceConnection(context.bus, caller.userId, peer.userId, null)
    const [connection] = await listConnections(context.database, {
      userId: caller.userId,
      deviceId: null,
      peerId: peer.userId,
      now: context.clock.now(),
    })
    return { status: 200, body: { peer_username: peer.username, state: connection?.state ?? null } }
  })
}
