import { acceptResponse, decodeRequest, decodeResponse } from '@qsm/protocol'
import { type Caller, idFromBytes, QsmError } from '@qsm/server-kit'
import type { MessageContext } from '../context.js'
import type { Devices } from '../devices/devices.js'
import { recordRefused } from '../devices/register.js'
import { lockPair, setState } from './pair.js'

interface RequestRow {
  readonly from_user: string
  readonly handshake: Buffer | null
  readonly state: string
  readonly expires_at: Date
}

const judge = async (context: MessageContext, devices: Devices, caller: Caller, request: RequestRow, bytes: Uint8Array): Promise<void> => {
  const address = await devices.requireBound(caller.sessionId)
  const registered = await devices.record(address)
  if (!registered || !request.handshake) throw new QsmError('device_required')
  try {
    const response = decodeResponse(bytes)
    await acceptResponse(context.verifier, response, decodeRequest(new Uint8Array(request.handshake)), registered.identityKey)
    if (idFromBytes(response.fromUser) !== caller.userId || response.fromDevice !== address.deviceId) {
      throw new QsmError('forbidden', 'handshake: the response names another sender than this device.')
    }
  } catch (error) {
    if (error instanceof QsmError) throw error
    throw recordRefused(error, 'handshake')
  }
}

/** Answers a request once. Returns the id of the user who asked. */
export const answerRequest = async (
  context: MessageContext,
  devices: Devices,
  caller: Caller,
  answer: { readonly requestId: string; readonly accept: boolean; readonly handshake: Uint8Array | null },
): Promise<string> => {
  const find = 'SELECT from_user, handshake, state, expires_at FROM message.connection_request WHERE request_id = $1 AND to_user = $2'
  const key = [answer.requestId, caller.userId]
  const [request] = await context.database.query<RequestRow>(find, key)
  const now = context.clock.now()
  if (!request || request.expires_at.getTime() <= now) throw new QsmError('not_found', 'There is no such request, or it has expired.')
  if (request.state !== 'pending') throw new QsmError('already_answered')
  if (answer.accept) {
    if (!answer.handshake) throw new QsmError('validation_failed', 'handshake: is missing', { details: { field: 'handshake' } })
    await judge(context, devices, caller, request, answer.handshake)
  }
  await context.database.transaction(async query => {
    const connection = await lockPair(query, caller.userId, request.from_user)
    const [locked] = await query<RequestRow>(`${find} FOR UPDATE`, key)
    if (locked?.state !== 'pending') throw new QsmError('already_answered')
    await query('UPDATE message.connection_request SET state = $2, response = $3, answered_at = $4 WHERE request_id = $1', [
      answer.requestId,
      answer.accept ? 'accepted' : 'rejected',
      answer.accept ? answer.handshake : null,
      new Date(now),
    ])
    if (answer.accept) await setState(query, caller.userId, request.from_user, 'open', request.from_user, answer.requestId)
    else if (connection.state === 'requested') {
      await setState(query, caller.userId, request.from_user, 'rejected', request.from_user, answer.requestId)
    }
  })
  context.bus.publish({ kind: 'connection', user_id: request.from_user, request_id: answer.requestId })
  context.bus.publish({ kind: 'connection', user_id: caller.userId, request_id: answer.requestId })
  return request.from_user
}
