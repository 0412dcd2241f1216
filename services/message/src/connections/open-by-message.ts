import type { Query } from '@qsm/server-kit'
import { lockPair, openPair } from './pair.js'

/**
 * The other side of a started connection sends: that is its answer, and the connection is open from now on. Within the
 * caller's transaction. True where this changed it; then `announceConnection` is due after the commit.
 */
export const openByMessage = async (query: Query, senderId: string, peerId: string): Promise<boolean> => {
  const { state, initiator, requestId } = await lockPair(query, senderId, peerId)
  if (state !== 'started' || initiator === senderId) return false
  await openPair(query, senderId, peerId, initiator, requestId)
  return true
}
