import type { TellChanged } from '@qsm/server-kit'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { openSocketClient, type SocketClient } from '../../../tests/support/socket-client.js'
import { makeParty, openConversation, type Party } from './support/conversation.js'
import { startMessage, type TestMessage } from './support/start-message.js'

let message: TestMessage
let pod: TestMessage
let alice: Party
let bob: Party
let carol: Party
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
  for (const take of [
    (party: Party) => (alice = party),
    (party: Party) => (bob = party),
    (party: Party) => (carol = party),
  ]) {
    take(await makeParty(await message.person()))
  }
  await openConversation(message.algorithms, alice, bob)
})
afterEach(() => {
  for (const socket of opened) socket.end()
})

const open = async ({ person }: Party, at = message): Promise<SocketClient> => {
  const socket = await openSocketClient(at.url, { token: person.token })
  opened.push(socket)
  await socket.next('ready')
  return socket
}
const framesOf = (socket: SocketClient) => socket.frames.filter(({ type }) => type === 'presence')
const settled = async (socket: SocketClient) => {
  socket.send({ type: 'ping' })
  await socket.next('pong')
}
const statusSeenBy = async (watcher: Party, name: string) => {
  const { body } = await watcher.person.call('GET', `/api/users/available?query=${name}`)
  return (body as { users: { username: string; status: string }[] }).users.find(user => user.username === name)?.status
}

describe('presence', () => {
  test('is told to contacts on whichever pod when the first socket opens and the last one has closed, and to nobody else', async () => {
    const { username } = alice.person
    const [watching, stranger] = [await open(bob, pod), await open(carol)]
    expect(await statusSeenBy(bob, username)).toBe('offline')
    const first = await open(alice)
    expect(await watching.next('presence')).toMatchObject({ username, status: 'online' })
    expect(await statusSeenBy(bob, username)).toBe('online')
    expect(await statusSeenBy(carol, username)).toBe('offline')
    const second = await open(alice, pod) // Displaces the first: alice stays online, now on another pod.
    await first.closed
    await new Promise(resolve => setTimeout(resolve, 2_500))
    await settled(watching)
    expect(framesOf(watching)).toHaveLength(1)
    second.end()
    expect(await watching.next('presence')).toMatchObject({ username, status: 'offline' })
    expect(await statusSeenBy(bob, username)).toBe('offline')
    await settled(stranger)
    expect(framesOf(stranger)).toEqual([])
  })

  test('is not told of who is back at once, nor by a hint that nothing stands behind', async () => {
    const watching = await open(bob)
    const socket = await open(alice)
    await watching.next('presence')
    socket.end()
    await socket.closed
    await open(alice)
    message.bus.publish({ kind: 'presence', user_id: bob.person.userId, peer_id: carol.person.userId })
    await new Promise(resolve => setTimeout(resolve, 2_500))
    await settled(watching)
    expect(framesOf(watching)).toHaveLength(1)
    message.bus.publish({ kind: 'presence', user_id: bob.person.userId, peer_id: alice.person.userId })
    expect(await watching.next('presence')).toMatchObject({ status: 'online' })
  })

  test('is told to contacts also of users of another pod that has ended without a word, once for each change', async () => {
    let tell: TellChanged = () => Promise.reject(new Error('nobody listens'))
    const { presence } = message.context
    const onChanged = (given: TellChanged) => {
      tell = given
      return () => {}
    }
    const third = await message.secondPod({ presence: { ...presence, onChanged } })
    try {
      const { userId, username } = alice.person
      const [watching, stranger] = [await open(bob, pod), await open(carol)]
      await presence.enter(userId)
      await presence.leave(userId)
      await tell([userId])
      expect(await watching.next('presence')).toMatchObject({ username, status: 'offline' })
      await presence.enter(userId)
      await tell([userId])
      expect(await watching.next('presence')).toMatchObject({ username, status: 'online' })
      await presence.leave(userId)
      for (const socket of [watching, stranger]) await settled(socket)
      expect([framesOf(watching).length, framesOf(stranger)]).toEqual([2, []])
    } finally {
      await third.close()
    }
  })

  test('is left by nobody when a pod stops: other pods tell then of those who do not come back', async () => {
    const left: string[] = []
    const { presence } = message.context
    const leave = async (userId: string) => {
      left.push(userId)
      await presence.leave(userId)
    }
    const third = await message.secondPod({ presence: { ...presence, leave } })
    const watching = await open(bob)
    const socket = await open(alice, third)
    await watching.next('presence')
    await third.app.sockets.drain(200)
    await socket.closed
    await third.close()
    await settled(watching)
    expect([left, framesOf(watching).length]).toEqual([[], 1])
    await presence.leave(alice.person.userId)
  })

  test('of somebody who was blocked is shown no more', async () => {
    await alice.person.call('POST', `/api/connections/${bob.person.username}/block`, { blocked: true })
    const watching = await open(bob)
    await open(alice)
    await settled(watching)
    expect(framesOf(watching)).toEqual([])
    expect(await statusSeenBy(bob, alice.person.username)).toBe('offline')
  })
})
