import { listUserDevices as contract, encodeBase64 } from '@qsm/contract'
import { QsmError, route } from '@qsm/server-kit'
import { activeDevicesOf } from '../devices/list-active.js'
import type { MessageParts } from '../parts.js'

export const listUserDevices = ({ context, accounts }: MessageParts) => {
  const perCaller = context.rateLimits({ name: 'user-devices', points: 1_200, perSeconds: 60 })
  return route(contract)(async ({ caller, params }) => {
    await perCaller.take(caller.userId)
    const user = await accounts.byName(params.username)
    if (!user) throw new QsmError('not_found', 'There is no user of this name.')
    const devices = await activeDevicesOf(context.database, user.userId, context.clock.now())
    return {
      status: 200,
      body: {
        user_id: user.userId,
        devices: devices.map(device => ({
          device_id: Number(device.deviceId),
          device_record: encodeBase64(device.record),
        })),
      },
    }
  })
}
