import { registerDevice as contract, decodeBase64 } from '@qsm/contract'
import { route } from '@qsm/server-kit'
import type { MessageParts } from '../app.js'
import { registerDevice as register } from '../devices/register.js'

export const registerDevice = ({ context, accounts, devices }: MessageParts) => {
  const perUser = context.rateLimits({ name: 'device', points: 60, perSeconds: 60 })
  return route(contract)(async ({ caller, body }) => {
    await perUser.take(caller.userId)
    const { deviceId, isNew } = await register(context, accounts, devices, caller, decodeBase64(body.device_record))
    return isNew ? { status: 201, body: { device_id: deviceId } } : { status: 200, body: { device_id: deviceId } }
  })
}
