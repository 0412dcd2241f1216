import { listAvailableUsers as contract } from '@qsm/contract'
import { route } from '@qsm/server-kit'
import { findUsers } from '../accounts/find-users.js'
import type { MessageParts } from '../parts.js'

const defaultLimit = 50
/** With a statement that times out, still within the 2 s of an answer. */
const maxFeedWaitMs = 250

export const listAvailableUsers = ({ context, accounts }: MessageParts) => {
  const perCaller = context.rateLimits({ name: 'users', points: 300, perSeconds: 60 })
  return route(contract)(async ({ caller, query }) => {
    await perCaller.take(caller.userId)
    await accounts.sync(maxFeedWaitMs)
    const limit = query.limit ?? defaultLimit
    const found = await findUsers(context.database.query, {
      userId: caller.userId,
      prefix: query.query ?? '',
      after: query.cursor ?? '',
      limit: limit + 1,
      now: context.clock.now(),
    })
    const page = found.slice(0, limit)
    const contacts = page.flatMap(({ userId, isContact }) => (isContact ? [userId] : []))
    const online = await context.presence.online(contacts)
    return {
      status: 200,
      body: {
        users: page.map(({ userId, username, hasDevice }) => ({
          username,
          user_id: userId,
          status: online.has(userId) ? 'online' : 'offline',
          has_quantum_keys: hasDevice,
        })),
        next: found.length > limit ? (page.at(-1)?.usernameKey ?? null) : null,
      },
    }
  })
}
