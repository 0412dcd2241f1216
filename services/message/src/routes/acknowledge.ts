import { acknowledge as contract } from '@qsm/contract'
import { route } from '@qsm/server-kit'
import type { MessageParts } from '../parts.js'

export const acknowledge = ({ devices, mailboxes, sockets, thin }: MessageParts) =>
  route(contract)(async ({ caller, accessToken, body }) => {
    if (await thin.isThin(caller.sessionId)) {
      await thin.acknowledge({ ...caller, accessToken }, body.up_to)
      sockets.acknowledgedThin(caller.userId, body.up_to)
      return { status: 204 }
    }
    const address = await devices.requireBound(caller.sessionId)
    await mailboxes.acknowledge({ ...address, upTo: body.up_to })
    sockets.acknowledged(address, body.up_to)
    return { status: 204 }
  })
