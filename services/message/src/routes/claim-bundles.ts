import { claimBundles as contract, encodeBase64 } from '@qsm/contract'
import { encodeBundle } from '@qsm/protocol'
import { QsmError, route } from '@qsm/server-kit'
import type { MessageParts } from '../app.js'
import { startConnection } from '../connections/start.js'
import { devicesOf } from '../devices/list.js'
import { claimPrekey } from '../prekeys/prekeys.js'

export const claimBundles = ({ context, accounts, devices }: MessageParts) => {
  // Whoever asks again and again for the same user would drain that user's prekeys.
  const perTarget = context.rateLimits({ name: 'bundles-target', points: 20, perSeconds: 600 })
  const perCaller = context.rateLimits({ name: 'bundles-caller', points: 200, perSeconds: 600 })
  return route(contract)(async ({ caller, params, body }) => {
    const user = await accounts.byName(params.username)
    if (!user) throw new QsmError('not_found', 'There is no user of this name.')
    await perCaller.take(caller.userId)
    await perTarget.take(`${caller.userId}/${user.userId}`)
    const isOwn = user.userId === caller.userId
    if (!isOwn) await startConnection(context, caller.userId, user.userId)
    const own = isOwn ? await devices.bound(caller.sessionId) : null
    const wanted = body?.device_ids
    const bundles: { device_id: number; bundle: string }[] = []
    for (const device of await devicesOf(context, user.userId)) {
      const deviceId = Number(device.deviceId)
      if (deviceId === own?.deviceId || (wanted && !wanted.includes(deviceId))) continue
      const prekey = await claimPrekey(context, { userId: user.userId, deviceId })
      if (prekey) bundles.push({ device_id: deviceId, bundle: encodeBase64(encodeBundle(device.record, prekey)) })
    }
    return { status: 200, body: { user_id: user.userId, username: user.username, bundles } }
  })
}
