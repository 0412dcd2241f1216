import { listConnections as contract } from '@qsm/contract'
import { route } from '@qsm/server-kit'
import { listConnections as list } from '../connections/list.js'
import type { MessageParts } from '../parts.js'

export const listConnections = ({ context, devices }: MessageParts) =>
  route(contract)(async ({ caller }) => {
    const device = await devices.bound(caller.sessionId)
    const connections = await list(context.database, {
      userId: caller.userId,
      deviceId: device?.deviceId ?? null,
      now: context.clock.now(),
    })
    return { status: 200, body: { connections } }
  })
