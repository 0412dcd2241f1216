import { type CloseCode, closeCodes, decodeDeliveryFrame, limits } from '@qsm/contract'
import type { Socket } from '@qsm/server-kit'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import type { MailboxState } from '../src/mailbox/mailbox.js'
import type { Entry } from '../src/mailbox/pages.js'
import { startDelivery } from '../src/socket/delivery.js'
import { envelopeItem, envelopeSource } from '../src/socket/delivery-source.js'

/** A socket and a mailbox that do as the test says, so that nothing depends on what a kernel buffers. */
const stage = (total: number, { buffered = 0, missing = [] as readonly number[] } = {}) => {
  const got: (number | string)[] = []
  const closed: CloseCode[] = []
  const errors: unknown[] = []
  const entry = (sequence: number): Entry => ({
    sequence,
    receivedAt: 1,
    envelope: Buffer.alloc(limits.minEnvelopeBytes),
    body: null,
  })
  const world = { buffered, acked: 0, total, away: false, reads: 0, drain: () => {} }
  const socket = {
    get bufferedBytes() {
      return world.buffered
    },
    sendText: (text: string) => got.push(JSON.parse(text).type),
    sendBinary: (bytes: Uint8Array) => got.push(decodeDeliveryFrame(bytes).sequence),
    close: (code: CloseCode) => closed.push(code),
    onDrain(handler: () => void) {
      world.drain = handler
    },
  }
  const start: MailboxState = { acked: 0, next: total + 1, epoch: 1 }
  const delivery = startDelivery({
    spans: null,
    socket: socket as unknown as Socket,
    source: envelopeSource(
      {
        async state() {
          if (world.away) throw new Error('away')
          return { ...start, acked: world.acked }
        },
        async page({ after, limit }) {
          world.reads += 1
          if (world.away) throw new Error('away')
          const sequences = Array.from({ length: world.total - after }, (_, index) => after + index + 1)
          const there = sequences.filter(sequence => !missing.includes(sequence))
          return { entries: there.slice(0, limit).map(entry), more: there.length > limit }
        },
      },
      { userId: 'alice', deviceId: 1 },
    ),
    start,
    counts: { handed: () => {}, page: () => {} },
    onError: error => errors.push(error),
  })
  const store = () => {
    world.total += 1
    return envelopeItem(entry(world.total))
  }
  return { world, delivery, got, closed, errors, store }
}
const upTo = (count: number, after = 0) => Array.from({ length: count }, (_, index) => after + index + 1)
const wait = (ms: number) => vi.advanceTimersByTimeAsync(ms)

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

describe('a delivery', () => {
  test('of an empty mailbox says at once that the backlog ends', () => {
    expect(stage(0).got).toEqual(['backlog_end'])
  })

  test('says where the backlog ends also when its last messages were deleted meanwhile', async () => {
    const { got, delivery, world } = stage(5, { missing: [4, 5] })
    await wait(0)
    expect(got).toEqual([1, 2, 3, 'backlog_end'])
    world.total = 6
    delivery.wake()
    await wait(0)
    expect(got).toEqual([1, 2, 3, 'backlog_end', 6])
  })

  test('adds nothing while a mebibyte waits for the network, and goes on when that was taken', async () => {
    const { got, world, closed } = stage(3, { buffered: limits.maxBufferedBytes })
    await wait(9_999)
    expect(got).toEqual([])
    world.buffered = 0
    world.drain()
    await wait(20_000)
    expect(got).toEqual([1, 2, 3, 'backlog_end'])
    expect(closed).toEqual([])
  })

  test('closes a client that has taken nothing for ten seconds, with a code to come back', async () => {
    const { closed } = stage(3, { buffered: limits.maxBufferedBytes })
    await wait(9_999)
    expect(closed).toEqual([])
    await wait(1)
    expect(closed).toEqual([closeCodes.slowConsumer])
  })

  test('keeps a client that is slow but takes something in each ten seconds', async () => {
    const { world, closed } = stage(3, { buffered: 2 * limits.maxBufferedBytes })
    for (let count = 0; count < 10; count += 1) {
      world.buffered -= 1
      await wait(10_000)
    }
    expect(closed).toEqual([])
    await wait(10_000)
    expect(closed).toEqual([closeCodes.slowConsumer])
  })

  test('keeps a client that acknowledges something in each ten seconds', async () => {
    const { delivery, closed, got } = stage(1_000)
    await wait(0)
    for (let count = 1; count <= 10; count += 1) {
      await wait(9_000)
      delivery.acknowledged(count)
    }
    await wait(0)
    expect(closed).toEqual([])
    expect(got).toEqual(upTo(110))
    await wait(10_000)
    expect(closed).toEqual([closeCodes.slowConsumer])
  })

  test('closes nobody for not acknowledging while the database cannot say what was acknowledged elsewhere', async () => {
    const { world, closed, errors } = stage(1_000)
    await wait(0)
    world.away = true
    await wait(60_000)
    expect(closed).toEqual([])
    expect(errors.length).toBeGreaterThan(1)
    world.away = false
    await wait(10_000)
    expect(closed).toEqual([closeCodes.slowConsumer])
  })

  test('goes on where it was when the database is back, once for all who woke it', async () => {
    const { world, delivery, got, errors } = stage(3)
    await wait(0)
    world.away = true
    world.total = 5
    for (let count = 0; count < 10; count += 1) delivery.wake()
    await wait(3_000)
    expect(errors.length).toBeLessThan(6)
    world.away = false
    await wait(1_000)
    expect(got).toEqual([1, 2, 3, 'backlog_end', 4, 5])
  })

  test('does nothing any more when it was stopped', async () => {
    const { world, delivery, got, closed } = stage(150)
    await wait(0)
    delivery.stop()
    world.total = 200
    delivery.wake()
    delivery.acknowledged(50)
    await wait(60_000)
    expect(got).toEqual(upTo(100))
    expect([closed, vi.getTimerCount()]).toEqual([[], 0])
  })
})

describe('an entry that was stored on this pod', () => {
  test('is handed over at once where it is the next, and its hint reads nothing', async () => {
    const { world, delivery, got, store } = stage(2)
    await wait(0)
    const { reads } = world
    delivery.offer(store())
    expect(got).toEqual([1, 2, 'backlog_end', 3])
    delivery.wake(3)
    await wait(0)
    expect([got, world.reads]).toEqual([[1, 2, 'backlog_end', 3], reads])
  })

  test('comes once and in order while the mailbox is being read, also where it is offered twice', async () => {
    const { delivery, got, store } = stage(2)
    const third = store()
    delivery.offer(third)
    delivery.offer(third)
    await wait(0)
    delivery.offer(third)
    await wait(0)
    expect(got).toEqual([1, 2, 'backlog_end', 3])
  })

  test('waits for those before it that are not handed over yet', async () => {
    const { delivery, got, store } = stage(0)
    await wait(0)
    const first = store()
    delivery.offer(store())
    delivery.offer(first)
    await wait(0)
    expect(got).toEqual(['backlog_end', 1, 2])
  })

  test('keeps to the window of a hundred unacknowledged, and comes when there is room', async () => {
    const { delivery, got, store } = stage(100)
    await wait(0)
    delivery.offer(store())
    await wait(0)
    expect(got).toEqual([...upTo(100), 'backlog_end'])
    delivery.acknowledged(1)
    await wait(0)
    expect(got).toEqual([...upTo(100), 'backlog_end', 101])
  })

  test('is not handed to a socket that has ended', async () => {
    const { delivery, got, store } = stage(0)
    await wait(0)
    delivery.stop()
    delivery.offer(store())
    await wait(0)
    expect(got).toEqual(['backlog_end'])
  })
})
