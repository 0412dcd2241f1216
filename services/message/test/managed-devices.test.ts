import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { encodeBase64, limits, type RunManagedOperations, runManagedOperations } from '@qsm/contract'
import { createMetrics, createTokens, newId, type QsmError, systemClock } from '@qsm/server-kit'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { createHttpManagedOperations } from '../src/managed/http-managed-operations.js'
import { createManagedDevices } from '../src/managed/managed-devices.js'

const tokens = createTokens({ secret: 'a secret for tests only, long enough', lifeMs: 1_800_000, clock: systemClock })

interface Call {
  readonly authorization: string
  readonly operations: readonly { readonly token: string; readonly input: { readonly operation: string } }[]
}

let server: Server
let url: string
let calls: Call[]
/** What the fake answers; null never answers. */
let answer: (call: Call) => { status: number; body: unknown } | null
const sockets = new Set<unknown>()

const peers = (...ids: string[]) => ({ output: { peer_user_ids: ids } })
const refusal = (status: number, code: string, message = 'a text') => ({
  error: { code, message, retryable: status >= 500, request_id: 'r' },
  status,
})

beforeAll(async () => {
  server = createServer((request, response) => {
    const parts: Buffer[] = []
    request.on('data', part => parts.push(part))
    request.on('end', () => {
      expect(`${request.method} ${request.url}`).toBe('POST /internal/managed-operations')
      const bytes = Buffer.concat(parts)
      expect(bytes.length).toBeLessThan(runManagedOperations.maxBodyBytes)
      const json = JSON.parse(bytes.toString())
      const body = bytes.length < 1_000_000 ? runManagedOperations.body.parse(json) : json
      const call = { authorization: request.headers.authorization ?? '', operations: body.operations }
      calls.push(call)
      const said = answer(call)
      if (!said) return
      response.writeHead(said.status, { 'Content-Type': 'application/json' }).end(JSON.stringify(said.body))
    })
  })
  server.on('connection', socket => sockets.add(socket))
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})
afterAll(() => {
  server.close()
  server.closeAllConnections()
})
beforeEach(() => {
  calls = []
  answer = ({ operations }) => ({ status: 200, body: { results: operations.map(() => peers()) } })
})

const connect = (quantumUrl = url) =>
  createManagedDevices(createHttpManagedOperations({ quantumUrl, tokens }), createMetrics())
const codeOf = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'done',
    (error: QsmError) => error.code,
  )

describe('operations of managed devices', () => {
  it('that are asked for in one turn share a call, each with the token of its user', async () => {
    const [one, two] = [newId(), newId()]
    answer = ({ operations }) => ({
      status: 200,
      body: { results: operations.map(({ token }) => (token === 'of alice' ? peers(one) : peers(two))) },
    })
    const managed = connect()
    const answers = await Promise.all([
      managed.run('of alice', 'list_session_peers', {}),
      managed.run('of bob', 'list_session_peers', {}),
    ])
    expect(answers).toEqual([{ peer_user_ids: [one] }, { peer_user_ids: [two] }])
    expect(calls).toHaveLength(1)
    const credential = calls[0]?.authorization.replace('Bearer ', '') ?? ''
    expect(tokens.verifyService(credential)).toEqual({ service: 'message' })
  })

  it('go in calls of at most 64, over connections that stay open', async () => {
    const managed = connect()
    await managed.run('t', 'list_session_peers', {})
    const before = sockets.size
    await Promise.all(Array.from({ length: 130 }, () => managed.run('t', 'list_session_peers', {})))
    expect(calls.map(({ operations }) => operations.length)).toEqual([1, 64, 64, 2])
    await managed.run('t', 'list_session_peers', {})
    expect(sockets.size - before).toBeLessThan(3)
  })

  it('that are large are spread over calls that the route takes', async () => {
    const bytes = encodeBase64(new Uint8Array(limits.maxEnvelopeBytes))
    const entry = { received_at: 1, message_id: newId(), sender_user_id: newId(), sender_device_id: 1, envelope: bytes }
    const entries = Array.from({ length: 40 }, (_, index) => ({
      ...entry,
      sequence: index + 1,
      body: null,
      is_note: false,
    }))
    const output = { opened_up_to: 0, messages: [], next: 0, more: false, wants_responses: false, used_prekeys: 0 }
    answer = ({ operations }) => ({
      status: 200,
      body: { results: operations.map(() => ({ output: { ...output, control_due: [], receipts: [] } })) },
    })
    const input = { epoch: 1, from: 0, entries, devices: [], responses: [], responses_complete: true }
    const read = { token: 't', input: { operation: 'read', ...input, after: 0, limit: 0, read_up_to: 0 } } as const
    const results = await createHttpManagedOperations({ quantumUrl: url, tokens }).run(
      Array.from({ length: 6 }, () => read),
      AbortSignal.timeout(20_000),
    )
    expect(results).toHaveLength(6)
    expect(calls.map(({ operations }) => operations.length)).toEqual([3, 3])
  }, 30_000)

  it('fail each for itself, by the code and with the field that the quantum service gives', async () => {
    answer = () => ({
      status: 200,
      body: { results: [refusal(409, 'idempotency_conflict', 'taken'), peers(), refusal(503, 'unavailable', 'full')] },
    })
    const managed = connect()
    const results = await Promise.allSettled(
      Array.from({ length: 3 }, () => managed.run('t', 'list_session_peers', {})),
    )
    expect(results).toMatchObject([
      { reason: { code: 'idempotency_conflict', message: 'taken', retryAfterSeconds: undefined } },
      { value: { peer_user_ids: [] } },
      { reason: { code: 'unavailable', message: 'The quantum service: full', retryAfterSeconds: 1 } },
    ])
  })
})

describe('a quantum service that is away', () => {
  it('is told by its name with what to do, and not asked again for a second', async () => {
    const managed = connect('http://127.0.0.1:1')
    for (let count = 0; count < 3; count += 1) {
      const failed = managed.run('t', 'list_session_peers', {})
      await expect(failed).rejects.toMatchObject({
        code: 'unavailable',
        message: expect.stringMatching(/quantum service.*try again/),
        retryAfterSeconds: 1,
      })
    }
    expect(await codeOf(managed.run('t', 'list_session_peers', {}))).toBe('unavailable')
  })

  it.each([
    ['answers 500', () => ({ status: 500, body: {} })],
    ['refuses the credential', () => ({ status: 401, body: {} })],
    ['gives too few results', () => ({ status: 200, body: { results: [] } })],
    ['gives what is no result', () => ({ status: 200, body: { results: [{ output: { peer_user_ids: 7 } }] } })],
    ['fails inside', () => ({ status: 200, body: { results: [refusal(500, 'internal')] } })],
  ])('because it %s is unavailable, never internal', async (_, said) => {
    answer = said
    expect(await codeOf(connect().run('t', 'list_session_peers', {}))).toBe('unavailable')
  })

  it('and does not answer at all is given up, then left alone until a trial passes', async () => {
    const managed = connect()
    answer = () => null
    const began = performance.now()
    for (let count = 0; count < 3; count += 1) {
      expect(await codeOf(managed.run('t', 'list_session_peers', {}))).toBe('unavailable')
    }
    expect(performance.now() - began).toBeGreaterThan(3 * 1_700)
    const asked = calls.length
    expect(await codeOf(managed.run('t', 'list_session_peers', {}))).toBe('unavailable')
    expect(calls).toHaveLength(asked)
    answer = ({ operations }) => ({ status: 200, body: { results: operations.map(() => peers()) } })
    await expect.poll(() => codeOf(managed.run('t', 'list_session_peers', {})), { timeout: 10_000 }).toBe('done')
  }, 30_000)
})

it('without a quantum service every operation says that there is none', async () => {
  const managed = createManagedDevices(null, createMetrics())
  await expect(managed.run('t', 'list_session_peers', {})).rejects.toMatchObject({
    code: 'unavailable',
    message: expect.stringContaining('without a quantum service'),
  })
})

it('within one process, work for which nobody waits holds up no call of a user', async () => {
  let finish = () => {}
  const run: RunManagedOperations = calls =>
    calls[0]?.token === 'slow'
      ? new Promise(resolve => {
          finish = () => resolve([{ output: { prekeys: [] } }])
        })
      : Promise.resolve([peers()])
  const managed = createManagedDevices({ run, deadlineMs: 1_800 }, createMetrics())
  const slow = managed.runLong('slow', 'make_prekeys', { one_time: 100, last_resort: false })
  expect(await codeOf(managed.run('t', 'list_session_peers', {}))).toBe('done')
  finish()
  expect(await slow).toEqual({ prekeys: [] })
})
