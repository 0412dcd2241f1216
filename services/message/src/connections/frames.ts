import type { HintOf, ServerFrame } from '@qsm/contract'
import type { Database } from '@qsm/server-kit'
import { listConnections } from './list.js'
import { pendingRequests } from './pending.js'

type ConnectionFrame = Extract<ServerFrame, { type: 'connection_request' | 'session_update' }>

/**
 * The frames that sockets of `hint.user_id` get for a change of a connection: the request, where it waits for this user's
 * answer; else how the two stand now. `deviceId` is that of the socket, null for none: the Response goes only to the device
 * that asked. Empty where there is nothing to show.
 */
export const connectionFramesFor = async (
  database: Database,
  hint: Omit<HintOf<'connection'>, 'kind'>,
  deviceId: number | null,
  now: number,
): Promise<readonly ConnectionFrame[]> => {
  const { user_id: userId, peer_id: peerId, request_id: requestId } = hint
  if (requestId !== null) {
    const [request] = await pendingRequests(database, { userId, requestId, now })
    if (request) return [{ type: 'connection_request', ...request }]
  }
  const [connection] = await listConnections(database, { userId, deviceId, peerId, now })
  if (!connection) return []
  const { request_id, peer_username, state, handshake } = connection
  return [{ type: 'session_update', request_id, peer_username, state, handshake: handshake ?? null }]
}
