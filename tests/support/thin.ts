import { checkedFetch } from './checked-fetch.js'
import { newName, password } from './sdk.js'

export interface Answer {
  readonly status: number
  // biome-ignore lint/suspicious/noExplicitAny: the contract is checked by checkedFetch; tests read fields at will.
  readonly body: any
  readonly headers: Headers
}

/** A person with nothing but HTTP requests: one login session that is bound to no device. */
export interface ThinPerson {
  readonly username: string
  readonly userId: string
  readonly token: string
  call(method: string, path: string, body?: object): Promise<Answer>
  /** The same, and throws unless it is answered with a 2xx. */
  get(path: string): Promise<Answer['body']>
  post(path: string, body: object): Promise<Answer['body']>
  /** All messages behind the last acknowledgement, or behind `after`. */
  read(after?: number): Promise<Answer['body'][]>
  /** Another login session. */
  login(): Promise<ThinPerson>
}

const request = async (
  url: string,
  method: string,
  path: string,
  options: { readonly body?: object | undefined; readonly token?: string },
): Promise<Answer> => {
  const response = await checkedFetch(`${url}${path}`, {
    method,
    headers: {
      ...(options.token === undefined ? {} : { Authorization: `Bearer ${options.token}` }),
      ...(options.body === undefined ? {} : { 'Content-Type': 'application/json' }),
    },
    ...(options.body === undefined ? {} : { body: JSON.stringify(options.body) }),
  })
  const text = await response.text()
  return { status: response.status, body: text === '' ? null : JSON.parse(text), headers: response.headers }
}

const fine = ({ status, body }: Answer): Answer['body'] => {
  if (status >= 300) throw new Error(`answered ${status}: ${JSON.stringify(body)}`)
  return body
}

/** Logs in by name. */
export const loginThin = async (url: string, username: string): Promise<ThinPerson> => {
  const answer = fine(await request(url, 'POST', '/api/login', { body: { username, password } }))
  const token: string = answer.access_token
  const call: ThinPerson['call'] = (method, path, body) => request(url, method, path, { body, token })
  return {
    username,
    userId: answer.user_id,
    token,
    call,
    get: async path => fine(await call('GET', path)),
    post: async (path, body) => fine(await call('POST', path, body)),
    read: async after =>
      fine(await call('GET', `/api/messages${after === undefined ? '' : `?after=${after}`}`)).messages,
    login: () => loginThin(url, username),
  }
}

/** Registers and logs in. */
export const thinPerson = async (url: string, who = 'thin'): Promise<ThinPerson> => {
  const username = newName(who)
  fine(await request(url, 'POST', '/api/register', { body: { username, email: `${username}@example.org`, password } }))
  return loginThin(url, username)
}
/** Connects two by request and answer. Gives what the one who accepts is told. */
export const connectThin = async (asks: ThinPerson, answers: ThinPerson): Promise<Answer['body']> => {
  const { request_id } = await asks.post('/api/connection/request', { receiver_username: answers.username })
  return answers.post('/api/connection/respond', { request_id, accept: true })
}
