import { listPendingRequests as contract } from '@qsm/contract'
import { route } from '@qsm/server-kit'
import type { MessageParts } from '../app.js'
import { pendingRequests } from '../connections/list.js'

export const listPendingRequests = ({ context }: MessageParts) =>
  route(contract)(async ({ caller }) => ({ status: 200, body: { requests: await pendingRequests(context, caller.userId) } }))
