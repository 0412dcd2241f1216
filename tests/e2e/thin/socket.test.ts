import { newId, QsmError, type RateLimits } from '@qsm/server-kit'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { Person } from '../../../services/message/test/support/person.js'
import { openSocketClient, type Received, type SocketClient } from '../../support/socket-client.js'
import { connect, startThinService, type ThinService } from '../../support/thin-service.js'

let service: ThinService
let isOver = false
const rateLimits: RateLimits = ({ name }) => ({
  async take() {
    if (isOver && name === 'thin-send') throw new QsmError('rate_limited')
  },
})
let alice: Person
let bob: Person
const opened: SocketClient[] = []

beforeAll(async () => {
  service = await startThinService({ rateLimits })
}, 60_000)
beforeEach(async () => {
  alice = await service.person()
  bob = await service.person()
  await connect(alice, bob)
})
afterEach(() => {
  isOver = false
  service.between = (_, run) => run()
  for (const socket of opened.splice(0)) socket.end()
})
afterAll(() => service.close())

const open = async (who: Pick<Person, 'token'>, path = '/ws'): Promise<SocketClient> => {
  const socket = await openSocketClient(service.url, { token: who.token, path })
  opened.push(socket)
  return socket
}
const say = (content: string, more: object = {}) =>
  alice.call('POST', '/api/message/send', { content, recipient: bob.username, ...more })
const messagesIn = (frames: readonly Received[]) => frames.flatMap(frame => (frame.type === 'message' ? [frame] : []))
const hasMessages = (count: number) => (frames: readonly Received[]) => messagesIn(frames).length >= count

describe('the socket of a thin client', () => {
  it('is told so when its receipts are too many; they count as sends', async () => {
    const socket = await open(bob)
    await socket.next('ready')
    isOver = true
    socket.send({ type: 'receipt', message_id: newId(), recipient: alice.username, kind: 'read' })
    expect(await socket.next('error')).toMatchObject({ error: { code: 'rate_limited' } })
  })

  it('pushes readable messages, first what waited, then as they come', async () => {
    await say('waited')
    const socket = await open(bob, `/ws/${bob.username}`)
    expect(await socket.next('ready')).toMatchObject({ cursor: 0, username: bob.username })
    expect(await socket.next('message')).toMatchObject({
      content: 'waited',
      sequence: 1,
      sender_username: alice.username,
      is_mine: false,
      verified: true,
    })
    expect(await socket.next('backlog_end')).toMatchObject({ cursor: 1 })
    await say('came later', { message_type: 'critical' })
    expect(await socket.next('message')).toMatchObject({ content: 'came later', message_type: 'critical' })
    // The critical one is unread and listed to whoever asks, but was pushed.
    await say('the last')
    expect(await socket.next('message')).toMatchObject({ content: 'the last' })
    expect(messagesIn(socket.frames)).toHaveLength(3)
  })

  it('works by a ticket too, which holds the token sealed', async () => {
    const { body } = await bob.call('POST', '/api/ws/ticket', {})
    const [row] = await service.context.database.query<{ sealed_token: Buffer }>(
      "SELECT sealed_token FROM message.ticket WHERE caller->>'userId' = $1",
      [bob.userId],
    )
    expect(row?.sealed_token.length).toBeGreaterThan(100)
    expect(row?.sealed_token.toString('latin1')).not.toContain(bob.token.slice(0, 40))
    const socket = await openSocketClient(service.url, { ticket: body.ticket })
    opened.push(socket)
    await say('by a ticket')
    expect(await socket.next('message')).toMatchObject({ content: 'by a ticket' })
  })

  it('sends, and gives the first answer to the same id again', async () => {
    const socket = await open(alice)
    const frame = {
      type: 'send',
      client_message_id: newId(),
      content: 'from a socket',
      recipient: bob.username,
    } as const
    socket.send(frame)
    const sent = await socket.next('sent')
    expect(sent).toMatchObject({ client_message_id: frame.client_message_id, status: 'sent', message_type: 'secured' })
    socket.send(frame)
    expect(await socket.next('sent')).toEqual(sent)
    socket.send({ ...frame, content: 'another' })
    expect(await socket.next('error')).toMatchObject({
      client_message_id: frame.client_message_id,
      error: { code: 'idempotency_conflict' },
    })
    const { body } = await bob.call('GET', '/api/messages')
    expect(body.messages).toMatchObject([{ content: 'from a socket' }])
  })

  it('shows the messages of its own user to every socket of that user', async () => {
    const [one, two] = [await open(alice), await open(alice.login())]
    await say('mine')
    for (const socket of [one, two]) {
      expect(await socket.next('message')).toMatchObject({
        content: 'mine',
        is_mine: true,
        peer_username: bob.username,
      })
    }
  })

  it('acknowledges, which gives receipts that are pushed to the sender of a critical message', async () => {
    const [toAlice, toBob] = [await open(alice), await open(bob)]
    const { body } = await say('critical', { message_type: 'critical' })
    const { sequence } = await toBob.next('message')
    toBob.send({ type: 'ack', up_to: sequence })
    expect(await toAlice.next('receipt')).toMatchObject({
      message_id: body.message_id,
      sender: bob.username,
      kind: 'read',
    })
    expect((await bob.call('GET', '/api/messages')).body.messages).toEqual([])
  })

  it('gives a receipt where the client asks for it', async () => {
    const [toAlice, toBob] = [await open(alice), await open(bob)]
    const { body } = await say('ordinary')
    await toBob.next('message')
    const receipt = {
      type: 'receipt',
      message_id: body.message_id,
      recipient: alice.username,
      kind: 'delivered',
    } as const
    toBob.send(receipt)
    expect(await toAlice.next('receipt')).toMatchObject({ message_id: body.message_id, kind: 'delivered' })
    toBob.send({ ...receipt, recipient: 'nobody-here' })
    expect(await toBob.next('error')).toMatchObject({ error: { code: 'not_found' } })
  })

  it('stays open while the quantum service is away, and goes on when it is back', async () => {
    const socket = await open(bob)
    await socket.next('backlog_end')
    service.between = async (calls, run) => {
      if (calls.some(({ input }) => input.operation === 'read')) throw new Error('away')
      return run()
    }
    await say('while it was away')
    service.between = (_, run) => run()
    expect(await socket.next('message')).toMatchObject({ content: 'while it was away' })
  }, 60_000)

  it('that is opened before there is a device gets what comes once there is one', async () => {
    const carol = await service.person()
    const socket = await open(carol)
    expect(await socket.next('ready')).toMatchObject({ cursor: 0, epoch: 0, device_id: null })
    await connect(alice, carol)
    await alice.call('POST', '/api/message/send', { content: 'your first', recipient: carol.username })
    expect(await socket.next('message')).toMatchObject({ content: 'your first' })
  }, 60_000)

  it('pushes each message once over a long backlog that is acknowledged as it comes', async () => {
    for (let count = 0; count < 120; count += 1) await say(`text ${count}`)
    const socket = await open(bob)
    for (let count = 0; count < 120; count += 1) {
      const { sequence } = await socket.next('message')
      if (count % 30 === 29) socket.send({ type: 'ack', up_to: sequence })
    }
    await socket.until(hasMessages(120))
    expect(messagesIn(socket.frames).map(({ content }) => content)).toEqual(
      Array.from({ length: 120 }, (_, index) => `text ${index}`),
    )
  }, 120_000)
})

it('the socket of an end-to-end device is told that readable sends and receipts are not for it', async () => {
  const carol = await service.person()
  await carol.withDevice()
  const socket = await open(carol)
  socket.send({ type: 'send', client_message_id: newId(), content: 'x', recipient: alice.username })
  expect(await socket.next('error')).toMatchObject({ error: { code: 'conflict' } })
  socket.send({ type: 'receipt', message_id: newId(), recipient: alice.username, kind: 'read' })
  expect(await socket.next('error')).toMatchObject({ error: { code: 'conflict' } })
})
