import { getStats as contract } from '@qsm/contract'
import { route } from '@qsm/server-kit'
import type { MessageParts } from '../parts.js'
import { ownCounts } from '../stats/own-counts.js'

export const getStats = ({ context }: MessageParts) => {
  const perUser = context.rateLimits({ name: 'stats', points: 120, perSeconds: 60 })
  return route(contract)(async ({ caller }) => {
    await perUser.take(caller.userId)
    return { status: 200, body: await ownCounts(context.database.query, caller.userId, context.clock.now()) }
  })
}
