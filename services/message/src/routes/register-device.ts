import { registerDevice as contract, decodeBase64 } from '@qsm/contract'
import { route } from '@qsm/server-kit'
import { registerDevice as register } from '../devices/register.js'
import type { MessageParts } from '../parts.js'

export const registerDevice = ({ context, accounts, devices }: MessageParts) => {
  const perUser = context.rateLimits({ name: 'device', points: 60, perSeconds: 60 })
  return route(contract)(async ({ caller, body }) => {
    await perUser.take(caller.userId)
    await accounts.requireActiveUser(caller)
    const { deviceId, isNew } = await register(context, caller, decodeBase64(body.device_record))
    devices.remember(caller.sessionId, { userId: caller.userId, deviceId })
    context.bus.publish({ kind: 'device-bound', session_id: caller.sessionId })
    return isNew ? { status: 201, body: { device_id: deviceId } } : { status: 200, body: { device_id: deviceId } }
  })
}
