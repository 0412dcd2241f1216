import { check } from 'k6'
import { randomBytes } from 'k6/crypto'
import http from 'k6/http'
import { Counter } from 'k6/metrics'
import { messagesLost } from './metrics.js'
import { baseUrl } from './settings.js'
import { signedIn } from './signed-in.js'
import { openSocket } from './socket.js'
import { waitUntil } from './wait.js'

/** Whole ways from registration to the end of the accounts. */
export const toursDone = new Counter('tours_done')

const deliveryWaitMs = 10_000

const hex = (bytes: number): string =>
  [...new Uint8Array(randomBytes(bytes))].map(byte => byte.toString(16).padStart(2, '0')).join('')

type Answer = Record<string, string> & { readonly next: number; readonly messages: readonly { content: string }[] }

/** One request; what it answers with. Throws unless it has this status: no later step could succeed. */
const ask = (status: number, method: string, path: string, token: string | null, body?: object): Answer => {
  const headers = { 'Content-Type': 'application/json', ...(token ? { Authorization: `Bearer ${token}` } : {}) }
  const params = { headers, tags: { name: path } }
  const response = http.request(method, `${baseUrl}${path}`, body ? JSON.stringify(body) : null, params)
  const title = `${method} ${path} is answered with ${status}`
  if (!check(response, { [title]: ({ status: got }) => got === status })) {
    throw new Error(`${title}, not with ${response.status} ${response.error}`)
  }
  return (response.body ? response.json() : {}) as unknown as Answer
}

const person = (who: string) => {
  const username = `${who}-${hex(6)}`
  const password = hex(16)
  ask(201, 'POST', '/api/register', null, { username, email: `${username}@example.org`, password })
  const { access_token: token = '' } = ask(200, 'POST', '/api/login', null, { username, password })
  return { username, password, token }
}

const talk = async (alice: ReturnType<typeof person>, bob: ReturnType<typeof person>): Promise<void> => {
  ask(200, 'GET', '/api/me', alice.token)
  const request = ask(201, 'POST', '/api/connection/request', alice.token, { receiver_username: bob.username })
  ask(200, 'GET', '/api/connection/pending', bob.token)
  ask(200, 'POST', '/api/connection/respond', bob.token, { request_id: request.request_id, accept: true })

  const keys: string[] = []
  const noRefresh = { refreshToken: '', expiresAt: 0 }
  const socket = await openSocket(signedIn({ ...bob, accessToken: bob.token, ...noRefresh }), {
    onDelivered: ({ key }) => keys.push(key),
  })
  const content = `a line of ${alice.username}`
  const sent = ask(201, 'POST', '/api/message/send', alice.token, { recipient: bob.username, content })
  const isDelivered = await waitUntil(() => keys.includes(sent.message_id ?? ''), deliveryWaitMs)
  check(isDelivered, { 'the socket gets what was sent': is => is })
  messagesLost.add(isDelivered ? 0 : 1)
  socket.close()

  const page = ask(200, 'GET', '/api/messages', bob.token)
  check(page, { 'the list has what was sent': ({ messages }) => messages.some(message => message.content === content) })
  ask(204, 'POST', '/api/messages/ack', bob.token, { up_to: page.next })
}

/** Two people with names of their own register, connect, send, read and delete their accounts. */
export const tour = async (): Promise<void> => {
  ask(200, 'GET', '/api/health', null)
  ask(200, 'GET', '/api/config', null)
  const alice = person('smoke-a')
  const bob = person('smoke-b')
  try {
    await talk(alice, bob)
  } finally {
    for (const { token } of [alice, bob]) ask(204, 'DELETE', '/api/account', token)
  }
  toursDone.add(1)
}
