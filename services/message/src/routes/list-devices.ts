import { encodeBase64, listDevices as contract } from '@qsm/contract'
import { route } from '@qsm/server-kit'
import type { MessageParts } from '../app.js'
import { devicesOf } from '../devices/list.js'

export const listDevices = ({ context }: MessageParts) =>
  route(contract)(async ({ caller }) => {
    const devices = await devicesOf(context, caller.userId)
    return {
      status: 200,
      body: {
        devices: devices.map(device => ({
          device_id: Number(device.deviceId),
          device_record: encodeBase64(device.record),
          created_at: device.createdAt.toISOString(),
        })),
      },
    }
  })
