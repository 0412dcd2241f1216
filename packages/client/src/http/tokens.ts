import { type login, refreshToken } from '@qsm/contract'
import type { Algorithms } from '@qsm/protocol'
import { hasCode, QsmClientError } from '../errors.js'
import { keys } from '../store/keys.js'
import type { Store, StoreTransaction } from '../store/store.js'
import { getJson, putJson } from '../store/values.js'
import type { HttpClient } from './http-client.js'
import type { SuccessOf } from './read-answer.js'

/** An access token is renewed this long before its end, or a tenth of its life before it. */
const earlyMs = 60_000
const renewTimeoutMs = 30_000

export interface StoredTokens {
  readonly access: string
  readonly refresh: string
  readonly issuedAt: number
  readonly expiresAt: number
}

export const tokensOf = (answer: SuccessOf<typeof login>, now: number): StoredTokens => ({
  access: answer.access_token,
  refresh: answer.refresh_token,
  issuedAt: now,
  expiresAt: now + answer.expires_in * 1_000,
})

export const putTokens = (transaction: StoreTransaction, tokens: StoredTokens): void =>
  putJson(transaction, keys.tokens, tokens)

export const notLoggedIn = (cause?: unknown): QsmClientError =>
  new QsmClientError(
    'not_logged_in',
    'The login session is over: log in again (qsm login). Keys, sessions and messages of this device stay.',
    {
      status: 401,
      cause,
    },
  )

/** The tokens of the login session that a store holds. */
export interface Tokens {
  /** An access token that lives a while yet. Throws `not_logged_in`. */
  access(): Promise<string>
  /** Another one than the one that was refused. */
  renew(refused: string): Promise<string>
}

/**
 * A refresh token works once, a second use ends the session. So one renews at a time, over all clients of a store, and
 * the new refresh token is stored before the new access token is used.
 */
export const createTokens = (options: {
  readonly http: HttpClient
  readonly store: Store
  readonly now: Algorithms['now']
  readonly onEnded: () => void
}): Tokens => {
  const { http, store, now } = options
  let cached: StoredTokens | null = null
  let renewing: Promise<string> | null = null

  const load = async (): Promise<StoredTokens> => {
    cached = await store.exclusive(transaction => getJson<StoredTokens>(transaction, keys.tokens))
    if (!cached) throw notLoggedIn()
    return cached
  }
  const livesOn = ({ issuedAt, expiresAt }: StoredTokens): boolean =>
    now() < expiresAt - Math.min(earlyMs, (expiresAt - issuedAt) / 10)

  const end = async (cause: unknown): Promise<never> => {
    cached = null
    await store.exclusive(async transaction => transaction.delete(keys.tokens))
    options.onEnded()
    throw notLoggedIn(cause)
  }
  const rotate = async (refused: string | null): Promise<string> => {
    const stored = await load()
    if (stored.access !== refused && livesOn(stored)) return stored.access
    try {
      const answer = await http.call(refreshToken, {
        body: { refresh_token: stored.refresh },
        timeoutMs: renewTimeoutMs,
      })
      const tokens = tokensOf(answer, now())
      await store.exclusive(async transaction => putTokens(transaction, tokens))
      cached = tokens
      return tokens.access
    } catch (error) {
      if (hasCode(error, 'invalid_refresh_token')) return end(error)
      throw error
    }
  }
  const renewOnce = (refused: string | null): Promise<string> => {
    renewing ??= store
      .alone('tokens', () => rotate(refused))
      .finally(() => {
        renewing = null
      })
    return renewing
  }
  return {
    async access() {
      const tokens = cached ?? (await load())
      return livesOn(tokens) ? tokens.access : renewOnce(null)
    },
    async renew(refused) {
      if (cached && cached.access !== refused && livesOn(cached)) return cached.access
      return renewOnce(refused)
    },
  }
}
