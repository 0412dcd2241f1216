import type { Database } from '@qsm/server-kit'
import { lockPair, orderedPair } from './pair.js'

/** Blocks a user or lifts the block. While either of two users blocks the other, neither can send, ask or start. */
export const setBlock = (database: Database, userId: string, peerId: string, isBlocked: boolean): Promise<void> =>
  database.transaction(async query => {
    await lockPair(query, userId, peerId)
    const [low, high] = orderedPair(userId, peerId)
    const column = low === userId ? 'blocked_by_low' : 'blocked_by_high'
    await query(`UPDATE message.connection SET ${column} = $3 WHERE user_low = $1 AND user_high = $2`, [
      low,
      high,
      isBlocked,
    ])
  })
