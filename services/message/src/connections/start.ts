import { QsmError } from '@qsm/server-kit'
import type { MessageContext } from '../context.js'
import { lockPair, setState } from './pair.js'

/**
 * Claiming prekeys of another user makes the connection `started`, unless it is more than that already. Throws `blocked`.
 */
export const startConnection = async (context: MessageContext, userId: string, peerId: string): Promise<void> => {
  await context.database.transaction(async query => {
    const connection = await lockPair(query, userId, peerId)
    if (connection.blockedByMe || connection.blockedByPeer) throw new QsmError('blocked')
    if (connection.state === 'open') return
    if (connection.state === 'started') {
      // Both sides have begun: each has answered the other.
      if (connection.initiator !== userId) await setState(query, userId, peerId, 'open', connection.initiator, connection.requestId)
      return
    }
    await setState(query, userId, peerId, 'started', userId, connection.requestId)
  })
}
