import { type CloseCode, closeCodes, limits } from '@qsm/contract'
import type { Socket } from '@qsm/server-kit'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { createInflow } from '../src/socket/inflow.js'

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

const stage = () => {
  const world = { buffered: 0, isPaused: false, drain: () => {}, end: () => {}, closed: [] as CloseCode[] }
  const socket = {
    isOpen: true,
    get bufferedBytes() {
      return world.buffered
    },
    pause() {
      world.isPaused = true
    },
    resume() {
      world.isPaused = false
    },
    onDrain(handler: () => void) {
      world.drain = handler
    },
    onClose(handler: () => void) {
      world.end = handler
    },
    close: (code: CloseCode) => world.closed.push(code),
  }
  return { world, inflow: createInflow(socket as unknown as Socket) }
}

/** Work that ends when the test says so. */
const held = () => {
  let end = () => {}
  const done = new Promise<void>(resolve => {
    end = resolve
  })
  return { work: () => done, end }
}

describe('what a client sends', () => {
  test('is read on while few frames are under way, and waits in the network while 64 are', async () => {
    const { world, inflow } = stage()
    const frames = Array.from({ length: 64 }, held)
    const running = frames.map(({ work }, index) => {
      expect([index, world.isPaused]).toEqual([index, false])
      return inflow.run(100, work)
    })
    expect(world.isPaused).toBe(true)
    frames[0]?.end()
    await running[0]
    expect(world.isPaused).toBe(false)
    for (const { end } of frames) end()
    await Promise.all(running)
    expect(world.isPaused).toBe(false)
  })

  test('waits in the network while 8 MiB are under way, also when the work for one fails', async () => {
    const { world, inflow } = stage()
    const first = held()
    const running = [inflow.run(4_194_304, first.work)]
    expect(world.isPaused).toBe(false)
    const failing = inflow.run(4_194_304, async () => {
      throw new Error('not so')
    })
    expect(world.isPaused).toBe(true)
    await expect(failing).rejects.toThrow('not so')
    expect(world.isPaused).toBe(false)
    first.end()
    await Promise.all(running)
  })

  test('waits while its client leaves a mebibyte of answers unread, and is read on when it has taken them', async () => {
    const { world, inflow } = stage()
    world.buffered = limits.maxBufferedBytes
    await inflow.run(10, async () => {})
    expect(world.isPaused).toBe(true)
    await vi.advanceTimersByTimeAsync(9_999)
    world.buffered = 0
    world.drain()
    expect(world.isPaused).toBe(false)
    await vi.advanceTimersByTimeAsync(60_000)
    expect(world.closed).toEqual([])
  })

  test('is no longer waited for where its client has read nothing for ten seconds: it is closed to come back', async () => {
    const { world, inflow } = stage()
    world.buffered = 2 * limits.maxBufferedBytes
    await inflow.run(10, async () => {})
    world.buffered -= 1
    await vi.advanceTimersByTimeAsync(10_000)
    expect(world.closed).toEqual([])
    await vi.advanceTimersByTimeAsync(10_000)
    expect(world.closed).toEqual([closeCodes.slowConsumer])
  })

  test('leaves no timer behind a socket that has closed', async () => {
    const { world, inflow } = stage()
    world.buffered = limits.maxBufferedBytes
    await inflow.run(10, async () => {})
    world.end()
    expect(vi.getTimerCount()).toBe(0)
  })
})
