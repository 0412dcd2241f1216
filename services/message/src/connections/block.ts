import type { MessageContext } from '../context.js'
import { lockPair, orderedPair, shownState } from './pair.js'

/** Blocks a user or lifts the block. Neither side can send to the other while one of them blocks. */
export const setBlock = async (context: MessageContext, userId: string, peerId: string, blocked: boolean) =>
  context.database.transaction(async query => {
    const connection = await lockPair(query, userId, peerId)
    const [low, high] = orderedPair(userId, peerId)
    const column = low === userId ? 'blocked_by_low' : 'blocked_by_high'
    await query(`UPDATE message.connection SET ${column} = $3 WHERE user_low = $1 AND user_high = $2`, [low, high, blocked])
    return shownState({ ...connection, blockedByMe: blocked }) ?? 'rejected'
  })
