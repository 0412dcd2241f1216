import type { Bus } from '@qsm/server-kit'

/** Tells the sockets of both users that their connection has changed; after the commit. `requestId` where a request did it. */
export const announceConnection = (bus: Bus, userId: string, peerId: string, requestId: string | null): void => {
  bus.publish({ kind: 'connection', user_id: userId, peer_id: peerId, request_id: requestId })
  bus.publish({ kind: 'connection', user_id: peerId, peer_id: userId, request_id: requestId })
}
