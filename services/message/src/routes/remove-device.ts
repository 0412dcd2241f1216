import { removeDevice as contract } from '@qsm/contract'
import { QsmError, route } from '@qsm/server-kit'
import { removeDevice as remove } from '../devices/remove.js'
import type { MessageParts } from '../parts.js'

export const removeDevice = ({ context, devices }: MessageParts) =>
  route(contract)(async ({ caller, params }) => {
    const address = { userId: caller.userId, deviceId: params.id }
    if (!(await remove(context.database, address, context.clock.now()))) throw new QsmError('not_found')
    devices.forget(address)
    context.bus.publish({ kind: 'device-removed', user_id: caller.userId, device_id: params.id })
    return { status: 204 }
  })
