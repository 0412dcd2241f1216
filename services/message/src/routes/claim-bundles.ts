import { claimBundles as contract, encodeBase64 } from '@qsm/contract'
import { QsmError, route } from '@qsm/server-kit'
import { claimBundles as claim } from '../bundles/claim-bundles.js'
import { announceConnection } from '../connections/announce.js'
import type { MessageParts } from '../parts.js'

export const claimBundles = ({ context, accounts, devices, claimLimits }: MessageParts) =>
  route(contract)(async ({ caller, params, body }) => {
    const user = await accounts.byName(params.username)
    if (!user) throw new QsmError('not_found', 'There is no user of this name.')
    await claimLimits.take(caller.userId, user.userId)
    const isOwn = user.userId === caller.userId
    const ownDevice = isOwn ? await devices.bound(caller.sessionId) : null
    const { bundles, isStarted } = await claim(context.database, {
      callerId: caller.userId,
      targetId: user.userId,
      deviceIds: body?.device_ids ?? null,
      exceptDeviceId: ownDevice?.deviceId ?? null,
      now: context.clock.now(),
    })
    if (isStarted) announceConnection(context.bus, caller.userId, user.userId, null)
    return {
      status: 200,
      body: {
        user_id: user.userId,
        username: user.username,
        bundles: bundles.map(({ deviceId, bundle }) => ({ device_id: deviceId, bundle: encodeBase64(bundle) })),
      },
    }
  })
