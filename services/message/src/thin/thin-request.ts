import { decodeBase64 } from '@qsm/contract'
import { QsmError } from '@qsm/server-kit'
import type { KnownUser } from '../accounts/accounts.js'
import { judgeRequest } from '../connections/judge-handshake.js'
import { storeRequest } from '../connections/request.js'
import type { MessageContext } from '../context.js'
import type { Devices } from '../devices/devices.js'
import type { AsDevice } from './as-device.js'
import type { ThinCaller } from './thin-caller.js'

/** Asks a user for a connection; the Request is made by the managed device. */
export type ThinRequest = (
  caller: ThinCaller,
  receiver: KnownUser,
  publicKeys: object | null,
) => Promise<{ readonly requestId: string; readonly expiresAt: number }>

export const createThinRequest =
  ({ context, devices, asDevice }: { context: MessageContext; devices: Devices; asDevice: AsDevice }): ThinRequest =>
  (caller, receiver, publicKeys) =>
    asDevice(caller, async device => {
      const { managed, database, verifier, clock } = context
      const made = await managed.run(caller.accessToken, 'make_request', { to_user_id: receiver.userId })
      const record = await devices.record(device)
      if (!record) throw new QsmError('device_required')
      const request = await judgeRequest(verifier, { ...device, record }, receiver.userId, decodeBase64(made.handshake))
      await storeRequest(database, {
        request,
        fromUserId: caller.userId,
        toUserId: receiver.userId,
        publicKeys,
        now: clock.now(),
      })
      return { requestId: made.request_id, expiresAt: request.expiresAt }
    })
