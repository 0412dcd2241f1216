import type { BodyOf, ParamsOf, QueryOf, RouteContract } from '@qsm/contract'
import { QsmClientError, unreachable } from '../errors.js'
import { readAnswer, type SuccessOf } from './read-answer.js'

export type Fetch = (url: string, init: RequestInit) => Promise<Response>

type TextOf<V> = V extends object ? { readonly [K in keyof V]: string | number | undefined } : V
type Field<Name extends string, Value> = [Value] extends [undefined]
  ? { readonly [N in Name]?: undefined }
  : undefined extends Value
    ? { readonly [N in Name]?: Value }
    : { readonly [N in Name]: Value }

/** What a call of a route takes, as its contract says. */
export type CallInput<R extends RouteContract> = Field<'params', TextOf<ParamsOf<R>>> &
  Field<'body', BodyOf<R>> & {
    readonly query?: Partial<TextOf<QueryOf<R>>>
    readonly signal?: AbortSignal | undefined
    readonly timeoutMs?: number
  }

export interface HttpClient {
  /** Without trailing slash. */
  readonly url: string
  call<R extends RouteContract>(route: R, input: CallInput<R>, accessToken?: string): Promise<SuccessOf<R>>
}

const defaultTimeoutMs = 15_000

const baseOf = (url: string): string => {
  const parsed = URL.canParse(url) ? new URL(url) : null
  if (!parsed || !/^https?:$/.test(parsed.protocol) || parsed.username !== '' || parsed.search !== '') {
    // What stands before an @ may be a password: it is not repeated.
    throw new QsmClientError(
      'usage',
      `${url.replace(/^.*@/, '…@')} is no address of a server: give one such as https://qsm.example.org.`,
    )
  }
  return parsed.href.replace(/\/+$/, '')
}

const pathOf = (route: RouteContract, params: object = {}): string => {
  const values = params as Readonly<Record<string, unknown>>
  return route.path.replaceAll(/\{([a-z_]+)\}/g, (_, name: string) => encodeURIComponent(String(values[name])))
}

const queryOf = (query: object = {}): string => {
  const given = Object.entries(query).filter(([, value]) => value !== undefined)
  return given.length === 0 ? '' : `?${new URLSearchParams(given.map(([name, value]) => [name, String(value)]))}`
}

/** Browsers tell a page that another origin refuses it no more than that there was no answer. */
const hint = (): string => {
  const { location } = globalThis as { readonly location?: { readonly origin: string } }
  return location ? ` For a web page, ALLOWED_ORIGINS of the server must name ${location.origin}.` : ''
}

/** Calls routes by their contracts. `fetch` is the platform's unless another is handed in. */
export const createHttpClient = (options: {
  readonly url: string
  readonly fetch?: Fetch | undefined
  readonly timeoutMs?: number | undefined
}): HttpClient => {
  const url = baseOf(options.url)
  const fetch: Fetch = options.fetch ?? ((target, init) => globalThis.fetch(target, init))
  return {
    url,
    async call(route, input, accessToken) {
      const timeout = AbortSignal.timeout(input.timeoutMs ?? options.timeoutMs ?? defaultTimeoutMs)
      const signal = input.signal ? AbortSignal.any([input.signal, timeout]) : timeout
      const headers: Record<string, string> = { Accept: 'application/json' }
      if (input.body !== undefined) headers['Content-Type'] = 'application/json'
      if (accessToken !== undefined) headers.Authorization = `Bearer ${accessToken}`
      try {
        const response = await fetch(`${url}${pathOf(route, input.params)}${queryOf(input.query)}`, {
          method: route.method.toUpperCase(),
          headers,
          signal,
          redirect: 'error',
          ...(input.body === undefined ? {} : { body: JSON.stringify(input.body) }),
        })
        return await readAnswer(route, response)
      } catch (error) {
        input.signal?.throwIfAborted()
        if (timeout.aborted) throw unreachable(`${url} does not answer in time. Try again later.`, error)
        if (error instanceof TypeError)
          throw unreachable(
            `${url} does not answer. Is the server running, and is the address right (qsm: --url)?${hint()}`,
            error,
          )
        throw error
      }
    },
  }
}
