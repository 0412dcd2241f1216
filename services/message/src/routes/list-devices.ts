import { listDevices as contract, encodeBase64 } from '@qsm/contract'
import { route } from '@qsm/server-kit'
import { activeDevicesOf } from '../devices/list-active.js'
import type { MessageParts } from '../parts.js'

export const listDevices = ({ context }: MessageParts) =>
  route(contract)(async ({ caller }) => {
    const devices = await activeDevicesOf(context.database, caller.userId, context.clock.now())
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
