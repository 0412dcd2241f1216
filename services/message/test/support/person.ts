import { encodeBase64 } from '@qsm/contract'
import type { Algorithms, LocalDevice } from '@qsm/protocol'
import { newId, type Tokens } from '@qsm/server-kit'
import { checkedFetch } from '../../../../tests/support/checked-fetch.js'
import { createDevice, type TestDevice } from './local-device.js'

export interface Answer {
  readonly status: number
  // biome-ignore lint/suspicious/noExplicitAny: the contract is checked by checkedFetch; tests read fields at will.
  readonly body: any
}

/** One login session of a user. */
export interface Login {
  readonly sessionId: string
  readonly token: string
  /** A request with this session's token; the answer was held against the contract. */
  call(method: string, path: string, body?: object): Promise<Answer>
  /** Registers the device, which binds this session to it. */
  bind(device: TestDevice): Promise<Answer>
}

/** A user with a first login session, which it also is. */
export interface Person extends Login {
  readonly userId: string
  readonly username: string
  /** A further login session, bound to nothing. */
  login(): Login
  /** Draws a device of this user, known to nobody yet. */
  drawDevice(given?: Partial<LocalDevice>): Promise<TestDevice>
  /** Draws a device and binds the first session to it. */
  withDevice(): Promise<TestDevice>
}

/** A request as it is: without a token unless the headers hold one. */
export const call = async (
  url: string,
  method: string,
  path: string,
  options: { readonly body?: object | undefined; readonly headers?: Record<string, string> } = {},
): Promise<Answer> => {
  const { body, headers = {} } = options
  const response = await checkedFetch(`${url}${path}`, {
    method,
    headers: body === undefined ? headers : { 'Content-Type': 'application/json', ...headers },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
  const text = await response.text()
  return { status: response.status, body: text === '' ? null : JSON.parse(text) }
}

/** A login session as it works at a pod. */
export const loginAt = (url: string, { sessionId, token }: Pick<Login, 'sessionId' | 'token'>): Login => {
  const request: Login['call'] = (method, path, body) =>
    call(url, method, path, { body, headers: { Authorization: `Bearer ${token}` } })
  return {
    sessionId,
    token,
    call: request,
    bind: async device => request('POST', '/api/devices', { device_record: encodeBase64(await device.record()) }),
  }
}

export const createPerson = (options: {
  readonly url: string
  readonly algorithms: Algorithms
  readonly tokens: Tokens
  readonly userId: string
  readonly username: string
}): Person => {
  const { url, algorithms, tokens, userId, username } = options
  const login = (): Login => {
    const sessionId = newId()
    return loginAt(url, { sessionId, token: tokens.issueAccess({ userId, username, sessionId }) })
  }
  const first = login()
  const drawDevice: Person['drawDevice'] = given => createDevice(algorithms, userId, given)
  return {
    ...first,
    userId,
    username,
    drawDevice,
    login,
    async withDevice() {
      const device = await drawDevice()
      const { status } = await first.bind(device)
      if (status !== 201) throw new Error(`registering a device was answered ${status}`)
      return device
    },
  }
}
