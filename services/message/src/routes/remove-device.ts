import { removeDevice as contract } from '@qsm/contract'
import { QsmError, route } from '@qsm/server-kit'
import { removeDevice as remove } from '../devices/remove.js'
import type { MessageParts } from '../parts.js'

export const removeDevice = ({ context, devices, thin }: MessageParts) =>
  route(contract)(async ({ caller, accessToken, params }) => {
    const address = { userId: caller.userId, deviceId: params.id }
    const managed = await thin.deviceOf(caller.userId)
    // Its keys before its record: a device that is not listed any more has none left.
    if (managed?.deviceId === params.id) await thin.destroyDevice({ ...caller, accessToken })
    if (!(await remove(context.database, address, context.clock.now()))) throw new QsmError('not_found')
    devices.forget(address)
    context.bus.publish({ kind: 'device-removed', user_id: caller.userId, device_id: params.id })
    return { status: 204 }
  })
