import { acknowledge as contract } from '@qsm/contract'
import { route } from '@qsm/server-kit'
import type { MessageParts } from '../parts.js'

export const acknowledge = ({ devices, mailboxes }: MessageParts) =>
  route(contract)(async ({ caller, body }) => {
    const address = await devices.requireBound(caller.sessionId)
    await mailboxes.acknowledge({ ...address, upTo: body.up_to })
    return { status: 204 }
  })
