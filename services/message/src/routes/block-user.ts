import { blockUser as contract } from '@qsm/contract'
import { QsmError, route } from '@qsm/server-kit'
import type { MessageParts } from '../app.js'
import { setBlock } from '../connections/block.js'

export const blockUser = ({ context, accounts }: MessageParts) =>
  route(contract)(async ({ caller, params, body }) => {
    const peer = await accounts.byName(params.username)
    if (!peer || peer.userId === caller.userId) throw new QsmError('not_found', 'There is no other user of this name.')
    const state = await setBlock(context, caller.userId, peer.userId, body?.blocked ?? true)
    return { status: 200, body: { peer_username: peer.username, state } }
  })
