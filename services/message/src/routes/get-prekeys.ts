import { getPrekeys as contract } from '@qsm/contract'
import { QsmError, route } from '@qsm/server-kit'
import type { MessageParts } from '../parts.js'
import { countPrekeys } from '../prekeys/count-prekeys.js'

export const getPrekeys = ({ context }: MessageParts) =>
  route(contract)(async ({ caller, params }) => {
    const address = { userId: caller.userId, deviceId: params.id }
    const counts = await countPrekeys(context.database.query, address, context.clock.now())
    if (!counts) throw new QsmError('not_found')
    return { status: 200, body: counts }
  })
