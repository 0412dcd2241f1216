import { newId, QsmError, type RateLimits } from '@qsm/server-kit'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { noRateLimits } from '../../../tests/support/no-rate-limits.js'
import { openSocketClient, type SocketClient } from '../../../tests/support/socket-client.js'
import { makeParty, openConversation, type Party } from './support/conversation.js'
import { startMessage, type TestMessage } from './support/start-message.js'

let message: TestMessage
let pod: TestMessage
let alice: Party
let bob: Party
let opened: SocketClient[]
let isOver = false

const rateLimits: RateLimits = options => ({
  ...noRateLimits(options),
  async take() {
    if (isOver && options.name === 'typing') throw new QsmError('rate_limited')
  },
})

beforeAll(async () => {
  message = await startMessage({ rateLimits })
  pod = await message.secondPod()
})
afterAll(async () => {
  await pod.close()
  await message.close()
})
beforeEach(async () => {
  opened = []
  isOver = false
  alice = await makeParty(await message.person())
  bob = await makeParty(await message.person())
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
const connect = () => openConversation(message.algorithms, alice, bob)
/** Resolves when all that was told before has been pushed: hints keep their order. */
const settled = async (socket: SocketClient) => {
  await new Promise(resolve => setTimeout(resolve, 0))
  socket.send({ type: 'ping' })
  await socket.next('pong')
}

describe('typing', () => {
  test('is told to the sockets of the other user, on whichever pod, and ends as it was begun', async () => {
    await connect()
    const [ours, theirs] = [await open(alice), await open(bob, pod)]
    for (const active of [true, false]) {
      ours.send({ type: 'typing', recipient: bob.person.username.toUpperCase(), active })
      expect(await theirs.next('typing')).toEqual({ type: 'typing', sender: alice.person.username, active })
    }
    await settled(ours)
    expect(ours.frames.map(frame => frame.type)).not.toContain('typing')
  })

  test('to somebody without a connection, to oneself and to nobody is an error', async () => {
    const [ours, theirs] = [await open(alice), await open(bob)]
    for (const [recipient, code] of [
      [bob.person.username, 'not_connected'],
      [alice.person.username, 'not_found'],
      ['nobody-of-this-name', 'not_found'],
    ] as const) {
      ours.send({ type: 'typing', recipient, active: true })
      expect(await ours.next('error')).toMatchObject({ error: { code, field: 'recipient' } })
    }
    ours.sendRaw(JSON.stringify({ type: 'typing', recipient: bob.person.username, active: 'yes' }))
    expect(await ours.next('error')).toMatchObject({ error: { code: 'validation_failed', field: 'active' } })
    await settled(theirs)
    expect(theirs.frames.map(frame => frame.type)).not.toContain('typing')
  })

  test('is not told after a block of either side', async () => {
    await connect()
    await bob.person.call('POST', `/api/connections/${alice.person.username}/block`)
    const ours = await open(alice)
    ours.send({ type: 'typing', recipient: bob.person.username, active: true })
    expect(await ours.next('error')).toMatchObject({ error: { code: 'not_connected' } })
  })

  test('too often is refused, and the socket stays', async () => {
    await connect()
    const ours = await open(alice)
    isOver = true
    ours.send({ type: 'typing', recipient: bob.person.username, active: true })
    expect(await ours.next('error')).toMatchObject({ error: { code: 'rate_limited' } })
    await settled(ours)
  })

  test('of a forged hint reaches nobody whom its sender could not write to', async () => {
    const [theirs, ours] = [await open(bob), await open(alice)]
    const { userId: user_id } = bob.person
    message.bus.publish({ kind: 'typing', user_id, peer_id: alice.person.userId, active: true })
    message.bus.publish({ kind: 'typing', user_id, peer_id: newId(), active: true })
    await connect()
    ours.send({ type: 'typing', recipient: bob.person.username, active: false })
    expect(await theirs.next('typing')).toEqual({ type: 'typing', sender: alice.person.username, active: false })
  })
})
