import { encodeBase64, listUserDevices as contract } from '@qsm/contract'
import { QsmError, route } from '@qsm/server-kit'
import type { MessageParts } from '../app.js'
import { devicesOf } from '../devices/list.js'

export const listUserDevices = ({ context, accounts }: MessageParts) =>
  route(contract)(async ({ params }) => {
    const user = await accounts.byName(params.username)
    if (!user) throw new QsmError('not_found', 'There is no user of this name.')
    const devices = await devicesOf(context, user.userId)
    return {
      status: 200,
      body: {
        user_id: user.userId,
        devices: devices.map(device => ({ device_id: Number(device.deviceId), device_record: encodeBase64(device.record) })),
      },
    }
  })
