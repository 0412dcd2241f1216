import { listConnections as contract } from '@qsm/contract'
import { route } from '@qsm/server-kit'
import type { MessageParts } from '../app.js'
import { listConnections as list } from '../connections/list.js'

export const listConnections = ({ context, devices }: MessageParts) =>
  route(contract)(async ({ caller }) => {
    const device = await devices.bound(caller.sessionId)
    return { status: 200, body: { connections: await list(context, caller.userId, device?.deviceId ?? null) } }
  })
