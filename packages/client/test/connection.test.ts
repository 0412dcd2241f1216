import { encodeDeliveryFrame } from '@qsm/contract'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { type ConnectionEvents, runConnection } from '../src/live/connection.js'
import type { SocketLike } from '../src/live/socket-like.js'

const messageId = '01890a5d-ac96-774b-bcce-b302099a8057'
const envelope = new Uint8Array(1_300)
const outgoing = { messageId, envelopes: [envelope], body: null }
const ready = { type: 'ready', cursor: 0, epoch: 1, device_id: 7, username: 'bob' }

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

/** A connection whose server is the test. */
const connect = (events: Partial<ConnectionEvents> = {}) => {
  const sent: (string | Uint8Array)[] = []
  const closes: (number | undefined)[] = []
  const faults: unknown[] = []
  const socket: SocketLike = {
    binaryType: '',
    onmessage: null,
    onclose: null,
    onerror: null,
    send: data => void sent.push(data),
    close: code => void closes.push(code),
  }
  const connection = runConnection(socket, {
    onReady: async () => {},
    onDelivered: async batch => batch.at(-1)?.sequence ?? 0,
    onFrame: () => {},
    onFault: fault => void faults.push(fault),
    ...events,
  })
  const say = (frame: object | string) =>
    socket.onmessage?.({ data: typeof frame === 'string' ? frame : JSON.stringify(frame) })
  const deliver = (sequence: number) => {
    const frame = encodeDeliveryFrame({ sequence, receivedAt: 1_000, envelope, body: null })
    socket.onmessage?.({ data: frame.slice().buffer })
  }
  const texts = () => sent.filter(data => typeof data === 'string').map(data => JSON.parse(data))
  return { connection, socket, sent, texts, closes, faults, say, deliver }
}
const settle = () => vi.advanceTimersByTimeAsync(0)

describe('a server that says nothing', () => {
  it('is asked after 25 s, and given up 20 s later', async () => {
    const { connection, texts, closes } = connect()
    await vi.advanceTimersByTimeAsync(24_999)
    expect(texts()).toEqual([])
    await vi.advanceTimersByTimeAsync(1)
    expect(texts()).toEqual([{ type: 'ping' }])
    await vi.advanceTimersByTimeAsync(20_000)
    expect(closes).toHaveLength(1)
    expect(await connection.closed).toEqual({ code: 1006, reason: 'the server is silent' })
  })

  it('is not given up while it answers', async () => {
    const { texts, closes, say } = connect()
    for (let round = 0; round < 5; round += 1) {
      await vi.advanceTimersByTimeAsync(26_000)
      say({ type: 'pong' })
    }
    expect(texts()).toHaveLength(5)
    expect(closes).toEqual([])
  })
})

describe('a send over a socket', () => {
  it('resolves when the server says that it is stored', async () => {
    const { connection, say } = connect()
    const posted = connection.post(outgoing)
    say({ type: 'sent', client_message_id: messageId, message_id: messageId, devices: [] })
    await expect(posted).resolves.toBeUndefined()
  })

  it('may be tried again where no answer comes in 15 s, or the socket closes before', async () => {
    const { connection, socket } = connect()
    const late = expect(connection.post(outgoing)).rejects.toMatchObject({ code: 'unreachable', isTransient: true })
    await vi.advanceTimersByTimeAsync(15_000)
    await late
    const cut = expect(connection.post(outgoing)).rejects.toMatchObject({ code: 'unreachable', isTransient: true })
    socket.onclose?.({ code: 1006, reason: '' })
    await cut
    await expect(connection.post(outgoing)).rejects.toMatchObject({ code: 'unreachable' })
  })

  it('is refused with the code and the status that a request would get', async () => {
    const { connection, say, faults } = connect()
    const refused = expect(connection.post(outgoing)).rejects.toMatchObject({ code: 'blocked', status: 403 })
    const error = { code: 'blocked', message: 'no', request_id: messageId, retryable: false }
    say({ type: 'error', client_message_id: messageId, error })
    await refused
    expect(faults).toEqual([])
    say({ type: 'error', error })
    expect(faults).toMatchObject([{ code: 'blocked' }])
  })
})

describe('what the server delivers', () => {
  it('is taken after "ready" was, in order, and acknowledged when it is kept', async () => {
    const order: unknown[] = []
    let letReady = () => {}
    const { say, deliver, texts } = connect({
      onReady: () =>
        new Promise(resolve => {
          letReady = () => {
            order.push('ready')
            resolve()
          }
        }),
      async onDelivered(batch) {
        order.push(...batch.map(({ sequence }) => sequence))
        return batch.at(-1)?.sequence ?? 0
      },
    })
    say(ready)
    for (const sequence of [1, 2, 3]) deliver(sequence)
    await settle()
    expect([order, texts()]).toEqual([[], []])
    letReady()
    await settle()
    expect(order).toEqual(['ready', 1, 2, 3])
    expect(texts().at(-1)).toEqual({ type: 'ack', up_to: 3 })
  })

  it('is not acknowledged where it cannot be kept; the socket ends, so that it comes again', async () => {
    const fault = new Error('the disk is full')
    const { connection, deliver, texts, faults } = connect({ onDelivered: () => Promise.reject(fault) })
    deliver(1)
    await settle()
    expect(texts()).toEqual([])
    expect(faults).toEqual([fault])
    expect(await connection.closed).toMatchObject({ code: 1006 })
  })

  it('ends the socket where it is no frame at all, and is passed over where it is of a newer server', async () => {
    const newer = connect()
    newer.say({ type: 'something-new', value: 1 })
    newer.socket.onmessage?.({ data: Uint8Array.of(0x7f, 1, 2).buffer })
    await settle()
    expect([newer.faults, newer.closes]).toEqual([[], []])
    for (const data of ['{', Uint8Array.of(0x02, 1).buffer]) {
      const { connection, socket, faults } = connect()
      socket.onmessage?.({ data })
      expect(await connection.closed).toMatchObject({ code: 1006, reason: 'a frame is not understood' })
      expect(faults).toHaveLength(1)
    }
  })
})
