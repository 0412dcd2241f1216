import { QsmClientError } from './errors.js'
import { type Account, getJson, keys, putJson } from './state.js'
import type { Store } from './store.js'

export type Fetch = (url: string, init: RequestInit) => Promise<Response>

interface ErrorAnswer {
  readonly error?: { readonly code?: string; readonly message?: string } & Record<string, unknown>
}

/** The answer of login and refresh. */
export interface Tokens {
  readonly access_token: string
  readonly expires_in: number
  readonly refresh_token: string
  readonly username: string
  readonly user_id: string
}

const timeoutMs = 20_000
/** A token is renewed this long before it ends. */
const renewBeforeMs = 60_000

/** One request without a token. Throws `QsmClientError` for everything but an answer of 2xx. */
export const request = async <T>(fetch: Fetch, url: string, method: string, path: string, body?: unknown, token?: string): Promise<T> => {
  let response: Response
  try {
    response = await fetch(new URL(path, url).href, {
      method,
      headers: {
        Accept: 'application/json',
        ...(body === undefined ? {} : { 'Content-Type': 'application/json' }),
        ...(token === undefined ? {} : { Authorization: `Bearer ${token}` }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(timeoutMs),
    })
  } catch (cause) {
    throw new QsmClientError('unreachable', `${url} does not answer. Is the server running, and is the address right?`, { cause })
  }
  if (response.status === 204) return undefined as T
  const answer = (await response.json().catch(() => ({}))) as T & ErrorAnswer
  if (response.ok) return answer
  const { code = `http_${response.status}`, message = `The server answered ${response.status}.`, ...details } = answer.error ?? {}
  throw new QsmClientError(code, message, { status: response.status, details })
}

/** Calls with the token of the stored account, renewed in time by one caller for all. */
export interface Api {
  call<T>(method: string, path: string, body?: unknown): Promise<T>
  /** A token that lives for another minute at least. */
  token(): Promise<string>
  readonly url: string
}

export const accountOf = (url: string, tokens: Tokens, now: number): Account => ({
  url,
  username: tokens.username,
  userId: tokens.user_id,
  accessToken: tokens.access_token,
  expiresAt: now + tokens.expires_in * 1000,
  refreshToken: tokens.refresh_token,
})

export const createApi = (store: Store, fetch: Fetch, url: string, now: () => number): Api => {
  let renewing: Promise<string> | null = null

  const stored = () => store.exclusive(transaction => getJson<Account>(transaction, keys.account))

  /** Under the store's lock, so that of two processes one renews: a refresh token works once. */
  const renew = () =>
    store.exclusive(async transaction => {
      const account = await getJson<Account>(transaction, keys.account)
      if (!account) throw new QsmClientError('not_logged_in', 'Nobody is logged in here: log in first.')
      if (account.expiresAt - renewBeforeMs > now()) return account.accessToken
      const tokens = await request<Tokens>(fetch, url, 'POST', '/api/token/refresh', { refresh_token: account.refreshToken }).catch(
        (error: unknown) => {
          if (error instanceof QsmClientError && error.status === 401) {
            throw new QsmClientError('not_logged_in', 'The login session is over: log in again.', { status: 401, cause: error })
          }
          throw error
        },
      )
      putJson(transaction, keys.account, accountOf(url, tokens, now()))
      return tokens.access_token
    })

  let cached: { token: string; until: number } | null = null
  const token = async (): Promise<string> => {
    if (cached && cached.until > now()) return cached.token
    const account = await stored()
    if (!account) throw new QsmClientError('not_logged_in', 'Nobody is logged in here: log in first.')
    if (account.expiresAt - renewBeforeMs > now()) {
      cached = { token: account.accessToken, until: account.expiresAt - renewBeforeMs }
      return account.accessToken
    }
    renewing ??= renew().finally(() => {
      renewing = null
    })
    return renewing
  }
  return {
    url,
    token,
    call: async <T>(method: string, path: string, body?: unknown): Promise<T> => {
      try {
        return await request<T>(fetch, url, method, path, body, await token())
      } catch (error) {
        if (error instanceof QsmClientError && error.status === 401) {
          cached = null
          throw new QsmClientError('not_logged_in', 'The login session is over: log in again.', { status: 401, cause: error })
        }
        throw error
      }
    },
  }
}
