import { listPendingRequests as contract } from '@qsm/contract'
import { route } from '@qsm/server-kit'
import { pendingRequests } from '../connections/pending.js'
import type { MessageParts } from '../parts.js'

export const listPendingRequests = ({ context }: MessageParts) =>
  route(contract)(async ({ caller }) => {
    const requests = await pendingRequests(context.database, { userId: caller.userId, now: context.clock.now() })
    return { status: 200, body: { requests } }
  })
