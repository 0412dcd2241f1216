import type { AccountEvent, CloseCode } from '@qsm/contract'
import { closeCodes } from '@qsm/contract'
import { createMemoryBus, newId } from '@qsm/server-kit'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { openSocketClient, refusedUpgrade, type SocketClient } from '../../../tests/support/socket-client.js'
import { makeParty, type Party } from './support/conversation.js'
import type { Login, Person } from './support/person.js'
import { startMessage, type TestMessage } from './support/start-message.js'

let message: TestMessage
let pod: TestMessage
let alice: Party
let opened: SocketClient[]

beforeAll(async () => {
  message = await startMessage()
  pod = await message.secondPod()
})
afterAll(async () => {
  await pod.close()
  await message.close()
})
beforeEach(async () => {
  opened = []
  alice = await makeParty(await message.person())
})
afterEach(() => {
  for (const socket of opened) socket.end()
})

const open = async (login: Pick<Login, 'token'>, at = message): Promise<SocketClient> => {
  const socket = await openSocketClient(at.url, { token: login.token })
  opened.push(socket)
  await socket.next('ready')
  return socket
}
const lives = async (socket: SocketClient) => {
  socket.send({ type: 'ping', reference: 'there' })
  expect(await socket.next('pong')).toEqual({ type: 'pong', reference: 'there' })
}
const expectClosed = async (socket: SocketClient, { code, reason }: CloseCode) =>
  expect(await socket.closed).toEqual([code, reason])

const happen = (type: AccountEvent['type'], { userId, username }: Person, sessionId: string | null = null) =>
  message.feed.add({
    type,
    user_id: userId,
    username,
    session_id: sessionId,
    at: new Date(message.clock.now()).toISOString(),
  })

describe('a second socket of a device', () => {
  test('displaces the first with a stop code, and stays', async () => {
    const first = await open(alice.person)
    const second = await open(alice.person)
    await expectClosed(first, closeCodes.displaced)
    await lives(second)
  })

  test('displaces the first on another pod as well', async () => {
    const first = await open(alice.person)
    const second = await open(alice.person, pod)
    await expectClosed(first, closeCodes.displaced)
    await lives(second)
  })

  test('makes the first come back where no hint tells of it', async () => {
    const deaf = await message.secondPod({ bus: createMemoryBus() })
    const first = await open(alice.person)
    const second = await open(alice.person, deaf)
    await expectClosed(first, closeCodes.draining)
    await lives(second)
    await deaf.close()
  })

  test('is not displaced by a hint that nothing stands behind', async () => {
    const socket = await open(alice.person)
    await lives(socket)
    const { userId } = alice.person
    for (let count = 0; count < 5; count += 1) {
      message.bus.publish({
        kind: 'socket-opened',
        user_id: userId,
        device_id: alice.device.deviceId,
        socket_id: newId(),
      })
      await lives(socket)
    }
  })

  test('makes nobody stop who was overtaken by one that never opened, as on a pod that was killed', async () => {
    const socket = await open(alice.person)
    const { userId } = alice.person
    const ghost = newId()
    const { query } = message.context.database
    await query('UPDATE message.mailbox SET socket_id = $2 WHERE user_id = $1', [userId, ghost])
    message.bus.publish({
      kind: 'socket-opened',
      user_id: userId,
      device_id: alice.device.deviceId,
      socket_id: newId(),
    })
    await lives(socket)
    await expectClosed(socket, closeCodes.draining)
    await lives(await open(alice.person))
  })

  test('lets go of its device when it ends', async () => {
    const socket = await open(alice.person)
    const holders = () =>
      message.context.database.query('SELECT socket_id FROM message.mailbox WHERE user_id = $1', [alice.person.userId])
    expect(await holders()).toEqual([{ socket_id: expect.any(String) }])
    socket.end()
    await vi.waitFor(async () => expect(await holders()).toEqual([{ socket_id: null }]))
  })

  test('opened at the same moment on another pod leaves exactly one of the two', async () => {
    for (let round = 0; round < 10; round += 1) {
      const both = await Promise.all([open(alice.person), open(alice.person, pod)])
      const ended = await Promise.race(both.map(socket => socket.closed.then(() => socket)))
      const [left] = both.filter(socket => socket !== ended)
      await lives(left as SocketClient)
      // Where the look of each 10 s comes before the hint, it does not know of the other one yet, and lets this one come back.
      const [code] = await (ended as SocketClient).closed
      expect([closeCodes.displaced.code, closeCodes.draining.code]).toContain(code)
      left?.end()
    }
  })

  test('does not disturb those of other devices and of sessions without one', async () => {
    const unbound = await open(alice.person.login())
    const login = alice.person.login()
    await login.bind(await alice.person.drawDevice())
    const other = await open(login)
    await open(alice.person)
    await open(alice.person)
    await lives(unbound)
    await lives(other)
  })
})

describe('an open socket ends', () => {
  test('with its login session, and those of other sessions do not', async () => {
    const [socket, other] = [await open(alice.person), await open(alice.person.login())]
    happen('session_ended', alice.person, alice.person.sessionId)
    message.bus.publish({ kind: 'account-events' })
    await expectClosed(socket, closeCodes.sessionEnded)
    await lives(other)
    expect(await refusedUpgrade(message.url, { token: alice.person.token })).toMatchObject({ status: 401 })
  })

  test('with its login session also where no hint comes', async () => {
    const socket = await open(alice.person)
    happen('session_ended', alice.person, alice.person.sessionId)
    await expectClosed(socket, closeCodes.sessionEnded)
  })

  test.each(['disabled', 'deleted'] as const)('when its account is %s, on every pod', async type => {
    const sockets = [await open(alice.person), await open(alice.person.login(), pod)]
    happen(type, alice.person)
    message.bus.publish({ kind: 'account-events' })
    for (const socket of sockets) await expectClosed(socket, closeCodes.accountGone)
  })

  test('when its token is over, with a code to come back', async () => {
    const socket = await open(alice.person)
    message.clock.advance(1_800_000)
    await expectClosed(socket, closeCodes.tokenExpired)
    await lives(await open(message.renewed(alice.person)))
  })

  test('when its device is removed, on every pod, while other devices go on', async () => {
    const login = alice.person.login()
    const second = await alice.person.drawDevice()
    await login.bind(second)
    const [socket, other] = [await open(alice.person, pod), await open(login)]
    await login.call('DELETE', `/api/devices/${alice.device.deviceId}`)
    await expectClosed(socket, closeCodes.deviceRemoved)
    await lives(other)
    expect(await (await openSocketClient(message.url, { token: alice.person.token })).next('ready')).toMatchObject({
      device_id: null,
    })
  })

  test('when its session works as another device, and comes back as that', async () => {
    const socket = await open(alice.person)
    await alice.person.bind(alice.device)
    await lives(socket)
    const second = await alice.person.drawDevice()
    await alice.person.bind(second)
    await expectClosed(socket, closeCodes.rebound)
    const again = await openSocketClient(message.url, { token: alice.person.token })
    opened.push(again)
    expect(await again.next('ready')).toMatchObject({ device_id: second.deviceId })
  })
})

describe('what ends while an upgrade is judged', () => {
  /** Opens a socket whose upgrade waits for the database until `meanwhile` is done. */
  const openWhile = async (meanwhile: () => Promise<unknown>): Promise<SocketClient> => {
    const { database } = message.context
    let opening: Promise<SocketClient> | undefined
    await database.transaction(async query => {
      await query('LOCK TABLE message.mailbox IN ACCESS EXCLUSIVE MODE')
      opening = openSocketClient(message.url, { token: alice.person.token })
      await vi.waitFor(async () => {
        const waiting = await database.query(
          `SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`,
        )
        expect(waiting).toHaveLength(1)
      })
      await meanwhile()
    })
    const socket = (await opening) as SocketClient
    opened.push(socket)
    return socket
  }

  test('a login session, closes the socket', async () => {
    const socket = await openWhile(async () => {
      happen('session_ended', alice.person, alice.person.sessionId)
      await message.app.accounts.sync()
    })
    await expectClosed(socket, closeCodes.sessionEnded)
  })

  test('a device, closes the socket', async () => {
    const { userId } = alice.person
    const { deviceId } = alice.device
    const socket = await openWhile(async () => {
      await message.context.database.query('DELETE FROM message.device_binding WHERE user_id = $1', [userId])
      message.bus.publish({ kind: 'device-removed', user_id: userId, device_id: deviceId })
      await new Promise(setImmediate)
    })
    await expectClosed(socket, closeCodes.deviceRemoved)
  })
})

test('sockets are counted: how many are open, how they ended, and which were not let in', async () => {
  const before = (await message.context.metrics.text()).body
  const numberIn = (text: string, name: string) => Number(new RegExp(`^${name} (\\d+)$`, 'm').exec(text)?.[1] ?? 0)
  const socket = await open(alice.person)
  await open(alice.person)
  await socket.closed
  await refusedUpgrade(message.url, {})
  const after = (await message.context.metrics.text()).body
  for (const name of ['qsm_ws_closed_total\\{code="4509"\\}', 'qsm_ws_refused_total\\{code="unauthorized"\\}']) {
    expect([name, numberIn(after, name) - numberIn(before, name)]).toEqual([name, 1])
  }
  expect(numberIn(after, 'qsm_ws_connections')).toBeGreaterThan(0)
})
