import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Gate, startGate } from '../../../packages/server-kit/test/gate.js'
import { type Login, newName, password, startAuth, type TestAuth } from './support/start-auth.js'

let gate: Gate
let auth: TestAuth
let alice: Login

beforeAll(async () => {
  auth = await startAuth({
    wayTo: async url => {
      gate = await startGate(url)
      return gate.url
    },
  })
  alice = await auth.person()
})

afterAll(async () => {
  gate.open()
  await auth.close()
  await gate.close()
})

test.each([
  ['refuses connections', () => gate.refuse()],
  ['does not answer', () => gate.freeze()],
])(
  'while the database %s every route says 503 with Retry-After; it counts no guess and ends nothing, and all work again',
  async (_, close) => {
    const username = newName()
    const credential = auth.tokens.issueService('message')
    const requests = () => [
      auth.register({ username }),
      ...Array.from({ length: 6 }, () => auth.tryLogin(alice.username, password)),
      auth.refresh(alice.refreshToken),
      alice.call('GET', '/api/me'),
      alice.call('POST', '/api/password', { current_password: password, new_password: password }),
      alice.call('GET', '/api/sessions'),
      alice.call('GET', '/api/account/export'),
      alice.call('DELETE', '/api/account'),
      alice.call('POST', '/api/logout'),
      auth.call('GET', '/internal/account-events?after=0', { token: credential }),
    ]
    close()
    try {
      // checkedFetch holds every 503 to its Retry-After.
      const answers = await Promise.all(requests())
      expect(answers.map(({ status, body }) => [status, body.error?.code])).toEqual(
        answers.map(() => [503, 'unavailable']),
      )
      await expect(auth.app.ping()).rejects.toThrow()
    } finally {
      gate.open()
    }
    expect((await alice.call('GET', '/api/me')).status).toBe(200)
    expect((await auth.tryLogin(alice.username, password)).status).toBe(200)
    const { status, body } = await auth.refresh(alice.refreshToken)
    expect(status).toBe(200)
    alice = { ...alice, refreshToken: body.refresh_token }
    expect((await auth.register({ username })).status).toBe(201)
    await auth.app.ping()
  },
)
