import { closeCodes } from '@qsm/contract'
import { createMemoryBus, createMetrics, newId } from '@qsm/server-kit'
import { afterEach, expect, test, vi } from 'vitest'
import type { MessageContext } from '../src/context.js'
import { type OpenSocket, OpenSockets } from '../src/socket/open-sockets.js'
import { watchSockets } from '../src/socket/watch-sockets.js'

const address = { userId: '01890a5d-ac96-774b-bcce-b302099a8057', deviceId: 7 }
const [own, successor] = [newId(), newId()]

let stop = () => {}
afterEach(() => stop())

/** One open socket; the database says that `holder` has its device. */
const start = (holder: string) => {
  const bus = createMemoryBus()
  const open = new OpenSockets()
  const closed: number[] = []
  const holderOf = vi.fn(async () => holder)
  const entry = {
    caller: { userId: address.userId, sessionId: newId(), expiresAt: Number.POSITIVE_INFINITY },
    socket: { isOpen: true, close: ({ code }: { code: number }) => closed.push(code) },
    holderId: own,
    address,
  } as unknown as OpenSocket
  const parts = {
    accounts: { check() {}, onRevoked: () => () => {} },
    devices: { bound: async () => address },
    holders: { holderOf },
    onError() {},
    open,
  }
  const context = { bus, clock: { now: () => Date.now() }, metrics: createMetrics() } as unknown as MessageContext
  const watch = watchSockets(context, parts as unknown as Parameters<typeof watchSockets>[1])
  stop = () => watch.stop()
  const told = async (socketId: string) => {
    bus.publish({ kind: 'socket-opened', user_id: address.userId, device_id: address.deviceId, socket_id: socketId })
    await new Promise(resolve => setTimeout(resolve, 5))
  }
  const opens = async () => {
    open.add(entry)
    watch.check(entry)
    await new Promise(resolve => setTimeout(resolve, 5))
  }
  return { opens, told, closed, holderOf }
}

test('a socket that opens does not ask who has its device, also when its own hint comes back', async () => {
  const { opens, holderOf } = start(own)
  await opens()
  expect(holderOf).not.toHaveBeenCalled()
})

test('a socket is displaced by one that was told of, whether before or after it was open itself', async () => {
  for (const isToldFirst of [true, false]) {
    const { opens, told, closed } = start(successor)
    if (isToldFirst) await told(successor)
    await opens()
    if (!isToldFirst) await told(successor)
    expect(closed).toEqual([closeCodes.displaced.code])
    stop()
  }
})

test('a socket stays where the database knows nothing of whom was told', async () => {
  const { opens, told, closed, holderOf } = start(own)
  await opens()
  await told(successor)
  expect([holderOf.mock.calls.length, closed]).toEqual([1, []])
})
