import { closeCodes, limits } from '@qsm/contract'
import { createMemoryBus } from '@qsm/server-kit'
import fc from 'fast-check'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { openSocketClient, type SocketClient } from '../../../tests/support/socket-client.js'
import { makeParty, openConversation, type Party, type SendBody } from './support/conversation.js'
import { createFiller } from './support/fill-mailbox.js'
import { startMessage, type TestMessage } from './support/start-message.js'

let message: TestMessage
let alice: Party
let bob: Party
let sealed: SendBody
let opened: SocketClient[]

beforeAll(async () => {
  message = await startMessage()
  bob = await makeParty(await message.person())
})
afterAll(() => message.close())
beforeEach(async () => {
  opened = []
  alice = await makeParty(await message.person())
  sealed = await (await openConversation(message.algorithms, alice, bob)).seal()
})
afterEach(() => {
  vi.useRealTimers()
  for (const socket of opened) socket.end()
})

const open = async (party: Party): Promise<SocketClient> => {
  const socket = await openSocketClient(message.url, { token: party.person.token })
  opened.push(socket)
  return socket
}
const sequencesOf = (socket: SocketClient): readonly number[] =>
  socket.frames.flatMap(frame => (frame.type === 'delivery' ? [frame.sequence] : []))
const upTo = (count: number, after = 0) => Array.from({ length: count }, (_, index) => after + index + 1)
/** Resolves when the server has done with all that the socket was sent before. */
const settled = async (socket: SocketClient) => {
  socket.send({ type: 'ping' })
  await socket.next('pong')
}
const turns = async (count: number) => {
  for (let turn = 0; turn < count; turn += 1) await new Promise(setImmediate)
}

describe('an open socket', () => {
  test('gets within ten seconds or so what nobody told its pod of', async () => {
    const carol = await makeParty(await message.person())
    const other = await makeParty(await message.person())
    const [socket, quiet] = [await open(carol), await open(other)]
    const fillUntold = createFiller({ ...message, bus: createMemoryBus() }, bob, carol, sealed)
    // When one that it was told of has come, what it reads at its opening is read.
    await createFiller(message, bob, carol, sealed)()
    await socket.next('delivery')
    await settled(socket)
    await fillUntold()
    await vi.waitFor(() => expect(sequencesOf(socket)).toEqual([1, 2]), { timeout: 15_000, interval: 100 })
    await settled(quiet)
    expect(sequencesOf(quiet)).toEqual([])
  })
})

describe('what is stored while a socket opens', () => {
  test('comes each exactly once and in order, wherever the opening falls and however it is acknowledged', async () => {
    const plan = fc.record({
      waiting: fc.nat(120),
      total: fc.constant(500),
      senders: fc.integer({ min: 1, max: 8 }),
      turnsBeforeOpening: fc.nat(40),
      ackEvery: fc.integer({ min: 1, max: 100 }),
    })
    await fc.assert(
      fc.asyncProperty(plan, async ({ waiting, total, senders, turnsBeforeOpening, ackEvery }) => {
        const carol = await makeParty(await message.person())
        const fill = createFiller(message, bob, carol, sealed)
        for (let count = 0; count < waiting; count += 1) await fill()
        let left = total - waiting
        const sending = Array.from({ length: senders }, async () => {
          while (left > 0) {
            left -= 1
            await fill()
          }
        })
        await turns(turnsBeforeOpening)
        const socket = await open(carol)
        let acked = 0
        await socket.until(frames => {
          const newest = frames.at(-1)
          const isDue = newest?.type === 'delivery' && newest.sequence - acked >= ackEvery
          if (isDue) {
            acked = newest.sequence
            socket.send({ type: 'ack', up_to: acked })
          }
          return sequencesOf(socket).length >= total
        })
        await Promise.all(sending)
        await settled(socket)
        expect(sequencesOf(socket)).toEqual(upTo(total))
        const types = socket.frames.map(frame => frame.type)
        const end = types.indexOf('backlog_end')
        expect(types[0]).toBe('ready')
        expect(types.lastIndexOf('backlog_end')).toBe(end)
        expect(socket.frames[end]).toEqual({ type: 'backlog_end', cursor: end - 1 })
        expect(end - 1).toBeGreaterThanOrEqual(waiting)
        socket.end()
      }),
      { numRuns: 6 },
    )
  }, 120_000)

  test('goes on behind the last acknowledgement where a socket broke in the middle', async () => {
    const fill = createFiller(message, bob, alice, sealed)
    for (let count = 0; count < 90; count += 1) await fill()
    const first = await open(alice)
    await first.until(() => sequencesOf(first).length >= 40)
    first.send({ type: 'ack', up_to: 33 })
    await settled(first)
    first.end()
    const second = await open(alice)
    await second.next('backlog_end')
    expect(sequencesOf(second)).toEqual(upTo(57, 33))
  })
})

describe('a client that does not acknowledge', () => {
  test('gets a hundred and no more until it does, and is closed with a code to come back when it never does', async () => {
    const fill = createFiller(message, bob, alice, sealed)
    for (let count = 0; count < 150; count += 1) await fill()
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    const socket = await open(alice)
    await socket.until(() => sequencesOf(socket).length >= limits.maxUnacknowledged)
    await settled(socket)
    await turns(20)
    await settled(socket)
    expect(sequencesOf(socket)).toEqual(upTo(100))
    socket.send({ type: 'ack', up_to: 30 })
    await socket.until(() => sequencesOf(socket).length >= 130)
    await settled(socket)
    socket.send({ type: 'ack', up_to: 31 })
    await settled(socket)
    await vi.advanceTimersByTimeAsync(20) // Two acknowledgements that come so close are stored together.
    await socket.until(() => sequencesOf(socket).length >= 131)
    await settled(socket)
    await vi.advanceTimersByTimeAsync(10_000)
    expect(await socket.closed).toEqual([closeCodes.slowConsumer.code, closeCodes.slowConsumer.reason])
    expect(sequencesOf(socket)).toEqual(upTo(131))
    vi.useRealTimers()
    const again = await open(alice)
    await again.until(() => sequencesOf(again).length >= 100)
    expect(sequencesOf(again)).toEqual(upTo(100, 31))
  })

  test('is not closed where nothing more waits for it', async () => {
    const fill = createFiller(message, bob, alice, sealed)
    for (let count = 0; count < limits.maxUnacknowledged; count += 1) await fill()
    const socket = await open(alice)
    await socket.next('backlog_end')
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    await vi.advanceTimersByTimeAsync(30_000)
    await settled(socket)
    expect(sequencesOf(socket)).toHaveLength(limits.maxUnacknowledged)
  })

  test('may do it by a request as well', async () => {
    const fill = createFiller(message, bob, alice, sealed)
    for (let count = 0; count < 150; count += 1) await fill()
    const socket = await open(alice)
    await socket.until(() => sequencesOf(socket).length >= 100)
    const { status } = await alice.person.call('POST', '/api/messages/ack', { up_to: 100 })
    expect(status).toBe(204)
    await socket.next('backlog_end')
    expect(sequencesOf(socket)).toEqual(upTo(150))
  })

  test('may do it at another pod, which is seen before it would be closed', async () => {
    const pod = await message.secondPod()
    const fill = createFiller(message, bob, alice, sealed)
    for (let count = 0; count < 150; count += 1) await fill()
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    const socket = await open(alice)
    await socket.until(() => sequencesOf(socket).length >= 100)
    await settled(socket)
    await pod.as(alice.person).call('POST', '/api/messages/ack', { up_to: 60 })
    await vi.advanceTimersByTimeAsync(10_000)
    await socket.next('backlog_end')
    expect(sequencesOf(socket)).toEqual(upTo(150))
    vi.useRealTimers()
    await pod.close()
  })
})

describe('a client that does not read', () => {
  const bodies = async (count: number) => {
    const fill = createFiller(message, bob, alice, sealed)
    for (let at = 0; at < count; at += 1) await fill({ body: new Uint8Array(limits.maxBodyApartBytes) })
  }
  const deliveries = async (): Promise<number> => {
    const { body } = await message.context.metrics.text()
    return Number(/^qsm_message_deliveries_total (\d+)$/m.exec(body)?.[1] ?? 0)
  }

  test('is given no more than waits for the network below 1 MiB, and the rest as it reads', async () => {
    await bodies(12)
    const before = await deliveries()
    const socket = await open(alice)
    socket.pause()
    await vi.waitFor(async () => expect((await deliveries()) - before).toBeGreaterThan(0))
    await turns(50)
    // The kernel takes some megabytes; all of the 36 would be far beyond it.
    expect((await deliveries()) - before).toBeLessThan(12)
    socket.resume()
    await socket.next('backlog_end')
    expect(sequencesOf(socket)).toEqual(upTo(12))
  }, 60_000)
})

describe('a page of a mailbox', () => {
  test('ends before it would be over a mebibyte, says that there is more, and holds one message whatever its size', async () => {
    const fill = createFiller(message, bob, alice, sealed)
    for (const size of [700_000, 300_000, 100_000, 2_000_000, 400]) await fill({ body: new Uint8Array(size) })
    const sizes: (readonly number[])[] = []
    for (let after = 0, more = true; more; ) {
      const { body } = await alice.person.call('GET', `/api/messages?after=${after}`)
      sizes.push(body.messages.map((one: { readonly sequence: number }) => one.sequence))
      after = body.next
      more = body.more
    }
    expect(sizes).toEqual([[1, 2], [3], [4], [5]])
  })
})
