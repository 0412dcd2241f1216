import { checkedFetch } from '../../../../tests/support/checked-fetch.js'

export interface Answer {
  readonly status: number
  readonly headers: Headers
  // biome-ignore lint/suspicious/noExplicitAny: the contract is checked by checkedFetch; tests read fields at will.
  readonly body: any
}

export interface CallOptions {
  readonly token?: string | undefined
  /** JSON, or a text that is sent as it stands. */
  readonly body?: unknown
  readonly headers?: Readonly<Record<string, string>>
  /** The address that the proxy in front tells. */
  readonly from?: string
}

export type Call = (method: string, path: string, options?: CallOptions) => Promise<Answer>

/** Requests to one server; every answer is held against the contract. */
export const createCall =
  (url: string): Call =>
  async (method, path, { token, body, headers, from } = {}) => {
    const response = await checkedFetch(url + path, {
      method,
      headers: {
        ...(token === undefined ? {} : { Authorization: `Bearer ${token}` }),
        ...(body === undefined ? {} : { 'Content-Type': 'application/json' }),
        ...(from === undefined ? {} : { 'X-Forwarded-For': from }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    })
    const text = await response.text()
    return { status: response.status, headers: response.headers, body: text === '' ? null : JSON.parse(text) }
  }
