import { putPrekeys as contract, decodeBase64 } from '@qsm/contract'
import { QsmError, route } from '@qsm/server-kit'
import type { MessageParts } from '../parts.js'
import { putPrekeys as put } from '../prekeys/put-prekeys.js'

export const putPrekeys = ({ context, devices }: MessageParts) => {
  const perDevice = context.rateLimits({ name: 'prekeys', points: 60, perSeconds: 600 })
  return route(contract)(async ({ caller, params, body }) => {
    const address = { userId: caller.userId, deviceId: params.id }
    const record = await devices.record(address)
    if (!record) throw new QsmError('not_found')
    const bound = await devices.requireBound(caller.sessionId)
    if (bound.deviceId !== params.id) {
      throw new QsmError('forbidden', 'Prekeys are put by the device that they belong to.')
    }
    await perDevice.take(`${caller.userId}/${params.id}`)
    return { status: 200, body: await put(context, address, record, body.prekeys.map(decodeBase64)) }
  })
}
