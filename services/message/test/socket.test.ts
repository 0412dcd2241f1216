import { closeCodes, decodeBase64, encodeSendFrame, limits } from '@qsm/contract'
import { idToBytes, newId } from '@qsm/server-kit'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import {
  type OpenOptions,
  openSocketClient,
  refusedUpgrade,
  type SocketClient,
} from '../../../tests/support/socket-client.js'
import { type Conversation, makeParty, openConversation, type Party, type SendBody } from './support/conversation.js'
import { startMessage, type TestMessage } from './support/start-message.js'

let message: TestMessage
let alice: Party
let bob: Party
let toAlice: Conversation
let opened: SocketClient[]

beforeAll(async () => {
  message = await startMessage()
})
afterAll(() => message.close())
beforeEach(async () => {
  opened = []
  alice = await makeParty(await message.person())
  bob = await makeParty(await message.person())
  toAlice = await openConversation(message.algorithms, alice, bob)
})
afterEach(() => {
  for (const socket of opened) socket.end()
})

const open = async (options: OpenOptions, pod = message): Promise<SocketClient> => {
  const socket = await openSocketClient(pod.url, options)
  opened.push(socket)
  return socket
}
const openAs = (party: Party, pod = message) => open({ token: party.person.token }, pod)
const send = (body: SendBody) => bob.person.call('POST', '/api/message/send', body)
const ack = (socket: SocketClient, up_to: number) => socket.send({ type: 'ack', up_to })
const closedWith = ({ code, reason }: { readonly code: number; readonly reason: string }) => [code, reason]
const binary = ({ client_message_id, envelopes }: SendBody) =>
  encodeSendFrame({
    clientMessageId: idToBytes(client_message_id),
    body: null,
    envelopes: envelopes.map(decodeBase64),
  })

describe('a socket', () => {
  test('says how its mailbox stands, gives the backlog, says that it ends there, and then what comes', async () => {
    const first = await toAlice.seal('one')
    await send(first)
    await send(await toAlice.seal('two'))
    const socket = await openAs(alice)
    await socket.next('backlog_end')
    await send(await toAlice.seal('three'))
    await socket.until(frames => frames.length === 5)
    const [{ epoch = 0 } = {}] = await message.context.database.query<{ epoch: number }>(
      'SELECT epoch FROM message.mailbox WHERE user_id = $1',
      [alice.person.userId],
    )
    expect(socket.frames).toMatchObject([
      { type: 'ready', cursor: 0, epoch, device_id: alice.device.deviceId, username: alice.person.username },
      { type: 'delivery', sequence: 1, body: null, receivedAt: message.clock.now() },
      { type: 'delivery', sequence: 2 },
      { type: 'backlog_end', cursor: 2 },
      { type: 'delivery', sequence: 3 },
    ])
    const delivery = socket.frames[1] as { readonly envelope: Uint8Array }
    expect(Buffer.from(delivery.envelope)).toEqual(Buffer.from(decodeBase64(first.envelopes[0] ?? '')))
    ack(socket, 2)
    socket.send({ type: 'ping', reference: 'after the ack' })
    await socket.next('pong')
    const again = await openAs(alice)
    expect(await again.next('ready')).toMatchObject({ cursor: 2 })
    expect(await again.next('delivery')).toMatchObject({ sequence: 3 })
    expect(await again.next('backlog_end')).toMatchObject({ cursor: 3 })
  })

  test('of a session without a device has no mailbox, and says so', async () => {
    const login = alice.person.login()
    const socket = await open({ token: login.token })
    expect(await socket.next('ready')).toMatchObject({ device_id: null, cursor: 0 })
    const body = await toAlice.seal()
    socket.send({ type: 'send', ...body })
    expect(await socket.next('error')).toMatchObject({
      client_message_id: body.client_message_id,
      error: { code: 'device_required' },
    })
  })

  test('is of one user: another name in the path is refused, the own one in any case is not', async () => {
    const { token, username } = alice.person
    expect(await refusedUpgrade(message.url, { token, path: `/ws/${bob.person.username}` })).toMatchObject({
      status: 403,
      code: 'forbidden',
    })
    const socket = await open({ token, path: `/ws/${username.toUpperCase()}` })
    expect(await socket.next('ready')).toMatchObject({ username })
  })

  test.each([
    ['no token', {}],
    ['junk for a token', { token: 'junk' }],
    ['a ticket that was never given', { ticket: 'AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA' }],
  ])('is refused for %s', async (_, options) => {
    expect(await refusedUpgrade(message.url, options)).toMatchObject({ status: 401, code: 'unauthorized' })
  })
})

describe('a ticket', () => {
  const ticketOf = async (party: Party) => (await party.person.call('POST', '/api/ws/ticket')).body

  test('opens one socket, as the device of the session that asked', async () => {
    const { ticket } = await ticketOf(alice)
    const socket = await open({ ticket })
    expect(await socket.next('ready')).toMatchObject({ device_id: alice.device.deviceId })
    expect(await refusedUpgrade(message.url, { ticket })).toMatchObject({ status: 401 })
    expect(socket.frames.map(frame => frame.type)).not.toContain('error')
  })

  test('opens one of two sockets that come with it at once', async () => {
    const { ticket } = await ticketOf(alice)
    const pod = await message.secondPod()
    const tries = await Promise.allSettled([open({ ticket }), open({ ticket }, pod), open({ ticket })])
    expect(tries.filter(one => one.status === 'fulfilled')).toHaveLength(1)
    await pod.close()
  })

  test('is over after 30 seconds, and then deleted', async () => {
    const { ticket, expires_at } = await ticketOf(alice)
    expect(Date.parse(expires_at)).toBe(message.clock.now() + 30_000)
    message.clock.advance(30_000)
    expect(await refusedUpgrade(message.url, { ticket })).toMatchObject({ status: 401 })
    const unused = await message.renewed(alice.person).call('POST', '/api/ws/ticket')
    expect(unused.status).toBe(201)
    message.clock.advance(30_001)
    await message.runJobs()
    expect(await message.context.database.query('SELECT 1 FROM message.ticket')).toEqual([])
  })

  test('is stored as a hash only', async () => {
    const { ticket } = await ticketOf(alice)
    const rows = await message.context.database.query('SELECT * FROM message.ticket')
    expect(rows).toHaveLength(1)
    expect(JSON.stringify(rows)).not.toContain(ticket)
    expect(JSON.stringify(rows)).not.toContain(Buffer.from(ticket).toString('hex'))
  })
})

describe('a send over a socket', () => {
  test.each([
    ['text', (socket: SocketClient, body: SendBody) => socket.send({ type: 'send', ...body })],
    ['binary', (socket: SocketClient, body: SendBody) => socket.sendRaw(binary(body))],
  ])('as %s has the answers of REST: stored, repeated, in conflict, refused', async (_, put) => {
    const socket = await openAs(bob)
    const body = await toAlice.seal()
    put(socket, body)
    const sent = await socket.next('sent')
    const { type: __, client_message_id, ...answer } = sent
    expect(client_message_id).toBe(body.client_message_id)
    const byRest = await send(body)
    expect(byRest).toEqual({ status: 201, body: answer })
    put(socket, body)
    expect(await socket.next('sent')).toEqual(sent)
    const other = await toAlice.seal('another', { messageId: body.client_message_id })
    put(socket, other)
    const conflict = await send(other)
    const { request_id: ___, ...error } = conflict.body.error
    expect(await socket.next('error')).toMatchObject({ client_message_id: body.client_message_id, error })
    expect(error.code).toBe('idempotency_conflict')
    const strange = { ...(await toAlice.seal()), client_message_id: newId() }
    put(socket, strange)
    expect(await socket.next('error')).toMatchObject({
      client_message_id: strange.client_message_id,
      error: { code: 'envelope_refused', field: 'envelopes[0]' },
    })
    await alice.person.call('DELETE', `/api/devices/${alice.device.deviceId}`)
    const late = await toAlice.seal()
    put(socket, late)
    const extra = [{ user_id: alice.person.userId, device_id: alice.device.deviceId }]
    expect(await socket.next('error')).toMatchObject({
      client_message_id: late.client_message_id,
      error: { code: 'device_mismatch', missing: [], extra },
    })
  })

  test('whose parts do not fit is answered with its id and what is wrong, and the socket goes on', async () => {
    const socket = await openAs(bob)
    const id = newId()
    const short = new Uint8Array(1 + 16 + 4 + 4 + 5)
    short[0] = 1
    short.set(idToBytes(id), 1)
    short[24] = 5
    socket.sendRaw(short)
    expect(await socket.next('error')).toMatchObject({
      client_message_id: id,
      error: { code: 'validation_failed', field: 'envelopes[0]', message: expect.stringContaining('1228') },
    })
    const loose = { client_message_id: newId(), envelopes: ['AB=='] }
    socket.send({ type: 'send', ...loose })
    expect(await socket.next('error')).toMatchObject({
      client_message_id: loose.client_message_id,
      error: { code: 'validation_failed', field: 'envelopes[0]' },
    })
    socket.send({ type: 'ack', up_to: 9 })
    expect(await socket.next('error')).toMatchObject({ error: { code: 'validation_failed', field: 'up_to' } })
    socket.send({ type: 'send', ...(await toAlice.seal()) })
    expect((await socket.next('sent')).type).toBe('sent')
  })

  test('by many at once is answered for each, in the order of the mailbox', async () => {
    const bodies: SendBody[] = []
    for (let count = 0; count < 100; count += 1) bodies.push(await toAlice.seal(`text ${count}`))
    const socket = await openAs(bob)
    for (const body of bodies) socket.sendRaw(binary(body))
    await socket.until(frames => frames.filter(frame => frame.type === 'sent').length === 100)
    const sequences = socket.frames.flatMap(frame =>
      frame.type === 'sent' && 'devices' in frame ? frame.devices.map(device => device.sequence) : [],
    )
    expect(sequences.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 100 }, (_, index) => index + 1))
    expect(sequences).toEqual(sequences.toSorted((a, b) => a - b))
  })
})

describe('a socket that sends what it should not', () => {
  test.each<[string, string | Uint8Array]>([
    ['binary junk', Uint8Array.of(7, 1, 2, 3)],
    ['nothing in a binary frame', new Uint8Array(0)],
    ['the head of a send and no more', Uint8Array.of(1, 2, 3)],
    ['text that is no JSON', '{"type":'],
    ['nothing in a text frame', ''],
    ['an unknown type', '{"type":"dance"}'],
    ['a type that every object has', '{"type":"toString"}'],
    ['no object', 'null'],
    ['a prototype', '{"type":"ping","__proto__":{"polluted":1}}'],
    ['what is nested too deep', `{"type":"ping","reference":${'['.repeat(5_000)}${']'.repeat(5_000)}}`],
  ])('%s is told so and closed with a stop code, and others go on', async (_, data) => {
    const [socket, other] = [await openAs(bob), await openAs(alice)]
    socket.sendRaw(data)
    expect(await socket.next('error')).toMatchObject({ error: { code: 'bad_request' } })
    expect(await socket.closed).toEqual(closedWith(closeCodes.badFrame))
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined()
    other.send({ type: 'ping', reference: 'still there' })
    expect(await other.next('pong')).toEqual({ type: 'pong', reference: 'still there' })
  })

  test('a frame over 4 MiB is closed by the code of RFC 6455', async () => {
    const socket = await openAs(bob)
    socket.sendRaw(new Uint8Array(limits.maxSocketFrameBytes + 1))
    expect((await socket.closed)[0]).toBe(1009)
  })

  test('too many frames in a second is closed with a code to come back', async () => {
    const socket = await openAs(bob)
    for (let count = 0; count < 20_000; count += 1) socket.send({ type: 'ping' })
    expect(await socket.closed).toEqual(closedWith(closeCodes.tooFast))
  })

  test('unknown fields and texts of another length get an error, and the socket stays', async () => {
    const socket = await openAs(bob)
    for (const text of [
      '{"type":"ping","more":1}',
      `{"type":"ping","reference":"${'x'.repeat(101)}"}`,
      '{"type":"ack","up_to":-1}',
      '{"type":"ack","up_to":"1"}',
      '{"type":"ping","reference":"a\\u0000b"}',
      '{"type":"ping","reference":"\\ud800"}',
    ]) {
      socket.sendRaw(text)
      expect([text, await socket.next('error')]).toMatchObject([text, { error: { code: 'validation_failed' } }])
    }
    socket.send({ type: 'ping' })
    expect(await socket.next('pong')).toEqual({ type: 'pong' })
  })
})
