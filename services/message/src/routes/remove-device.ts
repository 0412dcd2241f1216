import { removeDevice as contract } from '@qsm/contract'
import { QsmError, route } from '@qsm/server-kit'
import type { MessageParts } from '../app.js'
import { removeDevice as remove } from '../devices/register.js'

export const removeDevice = ({ context, devices }: MessageParts) =>
  route(contract)(async ({ caller, params }) => {
    if (!(await remove(context, caller.userId, params.id))) throw new QsmError('not_found')
    devices.forget({ userId: caller.userId, deviceId: params.id })
    return { status: 204 }
  })
