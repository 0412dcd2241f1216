import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { ConfigError, createHttpAccountFeed, createTokens, newId, PortError, systemClock } from '@qsm/server-kit'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createTestDatabase, type TestDatabase } from '../../../tests/support/database.js'
import { freePort } from '../../../tests/support/free-port.js'
import { createHandFeed } from '../../../tests/support/hand-feed.js'
import { readPodConfig } from '../src/config.js'
import { startMessagePod } from '../src/start-pod.js'
import { call } from './support/person.js'

const secret = 'a secret for tests only, long enough'
const tokens = createTokens({ secret, lifeMs: 1_800_000, clock: systemClock })
const feed = createHandFeed()
let auth: Server
let authUrl: string
let database: TestDatabase
let answer: (url: URL, token: string) => Promise<{ status: number; body: unknown }>

beforeAll(async () => {
  database = await createTestDatabase()
  auth = createServer((request, response) => {
    const url = new URL(request.url ?? '/', 'http://auth')
    void answer(url, request.headers.authorization?.slice('Bearer '.length) ?? '').then(({ status, body }) =>
      response.writeHead(status, { 'Content-Type': 'application/json' }).end(JSON.stringify(body)),
    )
  })
  await new Promise<void>(resolve => auth.listen(0, '127.0.0.1', resolve))
  authUrl = `http://127.0.0.1:${(auth.address() as AddressInfo).port}`
  answer = async (url, token) => {
    expect(url.pathname).toBe('/internal/account-events')
    expect(tokens.verifyService(token)).toEqual({ service: 'message' })
    const [after, limit] = ['after', 'limit'].map(name => Number(url.searchParams.get(name)))
    return { status: 200, body: await feed.eventsAfter(after as number, limit as number) }
  }
})

afterAll(async () => {
  auth.close()
  auth.closeAllConnections()
  await database.drop()
})

const environment = () => ({
  QSM_ENV: 'test',
  LOG_LEVEL: 'silent',
  DATABASE_URL: database.url,
  JWT_SECRET: secret,
  AUTH_URL: authUrl,
  QUANTUM_API_URL: 'http://127.0.0.1:1',
  HOST: '127.0.0.1',
  PORT: '0',
  ADMIN_PORT: '0',
  DRAIN_SECONDS: '1',
})

const register = () => {
  const account = { userId: newId(), username: `pod-${newId()}`, sessionId: newId() }
  const { userId: user_id, username } = account
  feed.add({ type: 'created', user_id, username, session_id: null, at: new Date().toISOString() })
  return { ...account, headers: { Authorization: `Bearer ${tokens.issueAccess(account)}` } }
}

describe('a pod', () => {
  test('makes its schema, follows the feed of auth over HTTP, answers, and stops', async () => {
    const pod = await startMessagePod(readPodConfig(environment()))
    const url = `http://127.0.0.1:${pod.port}`
    try {
      const [alice, bob] = [register(), register()]
      const found = await call(url, 'GET', `/api/users/available?query=${bob.username}`, { headers: alice.headers })
      expect(found.body.users).toMatchObject([{ user_id: bob.userId }])
      const ready = await fetch(`http://127.0.0.1:${pod.adminPort}/readyz`)
      expect(ready.status).toBe(200)
    } finally {
      await pod.stop()
    }
    await expect(fetch(url)).rejects.toThrow()
  })

  test('is live and ready without Redis; told to stop, it is live and not ready until its sockets and requests are done', async () => {
    const pod = await startMessagePod(
      readPodConfig({ ...environment(), REDIS_URL: `redis://127.0.0.1:${await freePort()}` }),
    )
    const admin = async (path: string) => {
      const response = await fetch(`http://127.0.0.1:${pod.adminPort}${path}`)
      return [response.status, await response.text()] as const
    }
    expect(await admin('/livez')).toEqual([200, 'ok\n'])
    expect(await admin('/readyz')).toEqual([200, JSON.stringify({ ready: true, draining: false, database: 'ok' })])
    // A request under way keeps the pod for as long as it may.
    const held = connect(pod.port, '127.0.0.1')
    await once(held, 'connect')
    held.write('POST /api/send HTTP/1.1\r\nHost: qsm\r\nContent-Length: 9\r\n')
    const stopping = pod.stop()
    expect(await admin('/readyz')).toEqual([503, JSON.stringify({ ready: false, draining: true, database: 'ok' })])
    expect(await admin('/livez')).toEqual([200, 'ok\n'])
    held.destroy()
    await stopping
    await expect(admin('/livez')).rejects.toThrow('fetch failed')
  })

  test.each([
    [{}, null],
    [{ QUANTUM_PUBLIC_URL: 'https://qsm.example.org' }, 'https://qsm.example.org'],
  ])('with %j tells clients the quantum service at %j, and nowhere its address within', async (more, quantumApi) => {
    const pod = await startMessagePod(readPodConfig({ ...environment(), ...more }))
    try {
      const answer = await fetch(`http://127.0.0.1:${pod.port}/api/config`)
      const text = await answer.text()
      expect(JSON.parse(text).quantum_api).toBe(quantumApi)
      expect(text).not.toContain(environment().QUANTUM_API_URL)
    } finally {
      await pod.stop()
    }
  })

  test('goes on with what it knows while auth is away', async () => {
    const known = register()
    const pod = await startMessagePod(readPodConfig(environment()))
    const usual = answer
    answer = async () => ({ status: 500, body: {} })
    try {
      const { status } = await call(`http://127.0.0.1:${pod.port}`, 'GET', '/api/users/available', known)
      expect(status).toBe(200)
    } finally {
      answer = usual
      await pod.stop()
    }
  })

  test('on a busy port says so and leaves nothing open', async () => {
    const { port } = auth.address() as AddressInfo
    await expect(startMessagePod(readPodConfig({ ...environment(), PORT: String(port) }))).rejects.toThrow(PortError)
  })
})

describe('the configuration of a pod', () => {
  test('names everything that is wrong at once', () => {
    const read = () =>
      readPodConfig({
        AUTH_URL: 'ftp://auth',
        QUANTUM_API_URL: 'q',
        PORT: 'x',
        DATABASE_URL: 'sqlite:a.db',
        REDIS_CLUSTER: 'true',
      })
    expect(read).toThrow(ConfigError)
    for (const variable of ['AUTH_URL', 'QUANTUM_API_URL', 'PORT', 'DATABASE_URL', 'JWT_SECRET', 'REDIS_URL'])
      expect(read).toThrow(`${variable}: `)
  })

  test('refuses a guessable secret in production', () => {
    const production = { ...environment(), QSM_ENV: 'production', JWT_SECRET: 'secret' }
    expect(() => readPodConfig(production)).toThrow('JWT_SECRET: ')
  })
})

test('an answer of auth that is no page of events is not taken for one', async () => {
  const usual = answer
  answer = async () => ({ status: 200, body: { events: [{ id: 1, type: 'promoted' }], next: 1, more: false } })
  try {
    await expect(createHttpAccountFeed({ authUrl, tokens, service: 'message' }).eventsAfter(0, 10)).rejects.toThrow()
  } finally {
    answer = usual
  }
})
