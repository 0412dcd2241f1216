import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type CloseCode, closeCodes } from '@qsm/contract'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { createTestDatabase } from '../support/database.js'
import { createPeople, newName, takeMessages } from '../support/sdk.js'
import { startTestServer, type TestServer } from '../support/server.js'
import { openSocketClient, type SocketClient } from '../support/socket-client.js'

const folder = mkdtempSync(join(tmpdir(), 'qsm-server-life-'))
const password = 'correct horse battery'
let server: TestServer

beforeAll(async () => {
  const database = await createTestDatabase()
  server = await startTestServer({ DATABASE_URL: database.url, QSM_DATA_DIR: folder })
})
afterAll(async () => {
  await server.stop()
  rmSync(folder, { recursive: true, force: true })
})

const call = async (method: string, path: string, body: object | null, token = '') => {
  const response = await fetch(server.url + path, {
    method,
    headers: { authorization: `Bearer ${token}`, ...(body ? { 'content-type': 'application/json' } : {}) },
    body: body && JSON.stringify(body),
  })
  const text = await response.text()
  return { status: response.status, body: text === '' ? null : JSON.parse(text) }
}
const login = async (username: string): Promise<string> =>
  (await call('POST', '/api/login', { username, password })).body.access_token
const register = async (): Promise<string> => {
  const username = newName('life')
  const answer = await call('POST', '/api/register', { username, email: `${username}@example.org`, password })
  expect(answer.status).toBe(201)
  return username
}
const open = async (token: string): Promise<SocketClient> => {
  const socket = await openSocketClient(server.url, { token })
  await socket.next('ready')
  return socket
}
const expectClosed = async (socket: SocketClient, { code, reason }: CloseCode) =>
  expect(await socket.closed).toEqual([code, reason])
const lives = async (socket: SocketClient) => {
  socket.send({ type: 'ping', reference: 'there' })
  expect(await socket.next('pong')).toEqual({ type: 'pong', reference: 'there' })
}

describe('open sockets', () => {
  it('end with a logout, those of that session alone', async () => {
    const username = await register()
    const [one, other] = [await login(username), await login(username)]
    const [socket, second] = [await open(one), await open(other)]
    expect((await call('POST', '/api/logout', null, one)).status).toBe(204)
    await expectClosed(socket, closeCodes.sessionEnded)
    await lives(second)
    second.end()
  })

  it('end with a change of the password, those of all other sessions', async () => {
    const username = await register()
    const [one, other] = [await login(username), await login(username)]
    const [socket, second] = [await open(one), await open(other)]
    const passwords = { current_password: password, new_password: 'another horse battery' }
    expect((await call('POST', '/api/password', passwords, other)).status).toBe(204)
    await expectClosed(socket, closeCodes.sessionEnded)
    await lives(second)
    second.end()
  })

  it('end with the account', async () => {
    const username = await register()
    const [one, other] = [await login(username), await login(username)]
    const sockets = [await open(one), await open(other)]
    expect((await call('DELETE', '/api/account', null, one)).status).toBe(204)
    for (const socket of sockets) await expectClosed(socket, closeCodes.accountGone)
  })
})

describe('the metrics', () => {
  const metrics = async () => (await fetch(`${server.adminUrl}/metrics`)).text()
  const sumOf = (text: string, name: string): number => {
    const lines = text.matchAll(new RegExp(`^${name}(?:\\{[^}]*\\})? ([0-9.e+-]+)$`, 'gm'))
    return [...lines].reduce((sum, [, value]) => sum + Number(value), 0)
  }

  it('count requests, sockets, sends, deliveries and flushes, and show pools, loop delay and refused envelopes', async () => {
    const people = createPeople(() => server.url)
    const before = await metrics()
    const bobName = newName('bob')
    const [alice, bob] = [await people.register(newName('alice')), await people.register(bobName)]
    await alice.start(bobName)
    await alice.send(bobName, 'hello')
    expect(await takeMessages(bob, 1)).toMatchObject([{ text: 'hello' }])
    await bob.send(alice.username, 'hello back')
    await bob.send(alice.username, 'and again')
    const after = await metrics()
    await people.closeAll()
    for (const name of [
      'qsm_http_request_duration_seconds_count',
      'qsm_ws_connections',
      'qsm_message_sends_total',
      'qsm_message_deliveries_total',
      'qsm_message_flush_sends_count',
    ]) {
      expect([name, sumOf(after, name) > sumOf(before, name)]).toEqual([name, true])
    }
    for (const name of [
      'qsm_message_envelopes_refused_total',
      'qsm_ws_closed_total',
      'qsm_ws_refused_total',
      'nodejs_eventloop_lag_p99_seconds',
      'qsm_message_database_pool_connections',
      'qsm_message_database_pool_idle',
      'qsm_message_database_pool_waiting',
      'qsm_auth_database_pool_connections',
    ]) {
      expect(after).toContain(`# TYPE ${name} `)
    }
    expect(after).not.toContain(bobName)
  })
})

it('an embedded database that is killed comes back by itself; until then there is 503, and open sockets stay', async () => {
  const dataFolder = join(folder, 'embedded')
  const own = await startTestServer({ QSM_DATA_DIR: dataFolder, QSM_ENV: 'development' })
  const [kept, username] = [server, newName('revived')]
  server = own
  try {
    await call('POST', '/api/register', { username, email: `${username}@example.org`, password })
    const socket = await open(await login(username))
    const [pid] = readFileSync(join(dataFolder, 'postgres', 'postmaster.pid'), 'utf8').split('\n')
    process.kill(Number(pid), 'SIGKILL')
    await vi.waitFor(async () => expect((await call('GET', '/api/health', null)).status).toBe(503), 20_000)
    await vi.waitFor(async () => expect((await call('GET', '/api/health', null)).status).toBe(200), 30_000)
    await lives(socket)
    socket.end()
    expect(await login(username)).not.toBe('')
  } finally {
    server = kept
    await own.stop()
  }
}, 90_000)

it('a stop by SIGTERM closes sockets with a code to come back, and ends the process with 0', async () => {
  const database = await createTestDatabase()
  const own = await startTestServer({ DATABASE_URL: database.url, QSM_DATA_DIR: join(folder, 'own') })
  const [kept, username] = [server, newName('drain')]
  server = own
  try {
    await call('POST', '/api/register', { username, email: `${username}@example.org`, password })
    const sockets = [await open(await login(username)), await open(await login(username))]
    const stopped = own.stop()
    for (const socket of sockets) await expectClosed(socket, closeCodes.draining)
    expect(await stopped).toBe(0)
  } finally {
    server = kept
  }
})
