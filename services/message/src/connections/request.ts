import { acceptRequest, decodeRequest, type Request } from '@qsm/protocol'
import { type Caller, idFromBytes, idToBytes, QsmError } from '@qsm/server-kit'
import type { KnownUser } from '../accounts/accounts.js'
import type { MessageContext } from '../context.js'
import type { Devices } from '../devices/devices.js'
import { recordRefused } from '../devices/register.js'
import { lockPair, setState } from './pair.js'

export interface AskedConnection {
  readonly requestId: string
  readonly expiresAt: Date
}

const judge = async (context: MessageContext, devices: Devices, caller: Caller, receiver: KnownUser, bytes: Uint8Array): Promise<Request> => {
  const address = await devices.requireBound(caller.sessionId)
  const registered = await devices.record(address)
  if (!registered) throw new QsmError('device_required')
  try {
    const request = decodeRequest(bytes)
    await acceptRequest(context.verifier, request, idToBytes(receiver.userId), registered.identityKey)
    if (idFromBytes(request.fromUser) !== caller.userId || request.fromDevice !== address.deviceId) {
      throw new QsmError('forbidden', 'handshake: the request names another sender than this device.')
    }
    return request
  } catch (error) {
    if (error instanceof QsmError) throw error
    throw recordRefused(error, 'handshake')
  }
}

/**
 * Stores a request for a connection and shows it to the receiver. The same record again gives the same answer. A crossed
 * request (the other side has asked too) is stored beside the first; the first that is accepted opens the connection.
 */
export const askForConnection = async (
  context: MessageContext,
  devices: Devices,
  caller: Caller,
  receiver: KnownUser,
  handshake: Uint8Array,
  publicKeys: object | null,
): Promise<AskedConnection> => {
  const request = await judge(context, devices, caller, receiver, handshake)
  const requestId = idFromBytes(request.requestId)
  const expiresAt = new Date(request.expiresAt)
  await context.database.transaction(async query => {
    const connection = await lockPair(query, caller.userId, receiver.userId)
    if (connection.blockedByPeer || connection.blockedByMe) throw new QsmError('blocked')
    const [known] = await query<{ handshake: Buffer | null; from_user: string }>(
      'SELECT handshake, from_user FROM message.connection_request WHERE request_id = $1',
      [requestId],
    )
    if (known) {
      if (known.from_user === caller.userId && known.handshake?.equals(handshake)) return
      throw new QsmError('conflict', 'This request id was used before: draw a new one.', { details: { field: 'handshake' } })
    }
    await query(
      `INSERT INTO message.connection_request
         (request_id, from_user, from_device, to_user, handshake, sender_public_keys, created_at, expires_at, state)
       VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 'pending')`,
      [requestId, caller.userId, request.fromDevice, receiver.userId, handshake, publicKeys, new Date(context.clock.now()), expiresAt],
    )
    if (connection.state === 'none' || connection.state === 'rejected' || connection.state === 'requested') {
      await setState(query, caller.userId, receiver.userId, 'requested', caller.userId, requestId)
    }
  })
  context.bus.publish({ kind: 'connection', user_id: receiver.userId, request_id: requestId })
  return { requestId, expiresAt }
}
