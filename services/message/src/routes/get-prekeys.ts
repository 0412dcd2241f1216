import { getPrekeys as contract } from '@qsm/contract'
import { QsmError, route } from '@qsm/server-kit'
import type { MessageParts } from '../app.js'
import { countPrekeys } from '../prekeys/prekeys.js'

export const getPrekeys = ({ context, devices }: MessageParts) =>
  route(contract)(async ({ caller, params }) => {
    const address = { userId: caller.userId, deviceId: params.id }
    if (!(await devices.record(address))) throw new QsmError('not_found')
    return { status: 200, body: await countPrekeys(context, address) }
  })
