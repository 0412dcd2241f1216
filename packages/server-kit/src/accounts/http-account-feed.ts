import { type AccountFeed, accountEventPage, listAccountEvents } from '@qsm/contract'
import type { Tokens } from '../tokens/access-tokens.js'

const timeoutMs = 2_000

/** The feed of an `auth` that runs elsewhere, by its internal route. Rejects when that does not answer within 2 s. */
export const createHttpAccountFeed = (options: {
  /** Address of the auth service, such as `http://auth:8000`. */
  readonly authUrl: string
  readonly tokens: Pick<Tokens, 'issueService'>
  /** Who reads, as `auth` is told. */
  readonly service: string
}): AccountFeed => ({
  async eventsAfter(after, limit) {
    const url = new URL(listAccountEvents.path, options.authUrl)
    url.search = new URLSearchParams({ after: String(after), limit: String(limit) }).toString()
    const response = await fetch(url, {
      headers: { Authorization: `Bearer ${options.tokens.issueService(options.service)}` },
      signal: AbortSignal.timeout(timeoutMs),
      redirect: 'error',
    })
    if (!response.ok) throw new Error(`${url.origin} answers ${response.status} to ${listAccountEvents.path}`)
    return accountEventPage.parse(await response.json())
  },
})
