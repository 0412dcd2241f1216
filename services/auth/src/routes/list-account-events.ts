import { type AccountFeed, listAccountEvents as contract } from '@qsm/contract'
import { route } from '@qsm/server-kit'

export const listAccountEvents = (feed: AccountFeed) =>
  route(contract)(async ({ query }) => ({ status: 200, body: await feed.eventsAfter(query.after, query.limit ?? 500) }))
