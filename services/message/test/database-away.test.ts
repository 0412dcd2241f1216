import { encodeBase64 } from '@qsm/contract'
import { newId } from '@qsm/server-kit'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Gate, startGate } from '../../../packages/server-kit/test/gate.js'
import { openSocketClient, refusedUpgrade } from '../../../tests/support/socket-client.js'
import { type Conversation, openConversation } from './support/conversation.js'
import { createFiller } from './support/fill-mailbox.js'
import type { TestDevice } from './support/local-device.js'
import type { Person } from './support/person.js'
import { startMessage, type TestMessage } from './support/start-message.js'

let gate: Gate
let message: TestMessage
let alice: Person
let bob: Person
let device: TestDevice
let bobDevice: TestDevice
let toBob: Conversation

beforeAll(async () => {
  message = await startMessage({
    wayTo: async url => {
      gate = await startGate(url)
      return gate.url
    },
  })
  alice = await message.person()
  bob = await message.person()
  device = await alice.withDevice()
  bobDevice = await bob.withDevice()
  toBob = await openConversation(message.algorithms, { person: bob, device: bobDevice }, { person: alice, device })
})

afterAll(async () => {
  gate.open()
  await message.close()
  await gate.close()
})

const requests = async (): Promise<readonly (readonly [method: string, path: string, body?: object])[]> => [
  ['GET', '/api/users/available'],
  ['POST', '/api/devices', { device_record: encodeBase64(await device.record()) }],
  ['GET', '/api/devices'],
  ['DELETE', '/api/devices/12345'],
  ['PUT', `/api/devices/${device.deviceId}/prekeys`, { prekeys: [encodeBase64(await device.prekey(1, 1))] }],
  ['GET', `/api/devices/${device.deviceId}/prekeys`],
  ['GET', `/api/users/${bob.username}/devices`],
  ['POST', `/api/users/${bob.username}/bundles`],
  [
    'POST',
    '/api/connection/request',
    {
      receiver_username: bob.username,
      handshake: encodeBase64((await device.request(bob.userId)).bytes),
    },
  ],
  ['POST', '/api/connection/respond', { request_id: newId(), accept: false }],
  ['GET', '/api/connection/pending'],
  ['GET', '/api/connections'],
  ['POST', `/api/connections/${bob.username}/block`, { blocked: false }],
  ['GET', '/api/stats'],
  ['POST', '/api/message/send', await toBob.seal()],
  ['GET', '/api/messages'],
  ['POST', '/api/messages/ack', { up_to: 0 }],
  ['DELETE', `/api/message/${newId()}`],
  ['POST', '/api/ws/ticket'],
]

const ways: readonly (readonly [string, () => void])[] = [
  ['refuses connections', () => gate.refuse()],
  ['does not answer', () => gate.freeze()],
]

test.each(ways)(
  'while the database %s every route says 503 with Retry-After, and all work again when it is back',
  async (_, close) => {
    const sent = await requests()
    close()
    try {
      const answers = await Promise.all(sent.map(request => alice.call(...request)))
      expect(answers.map(({ status, body }) => [status, body.error?.code])).toEqual(
        sent.map(() => [503, 'unavailable']),
      )
    } finally {
      gate.open()
    }
    for (const [method, path, body] of await requests()) {
      const { status } = await alice.call(method, path, body)
      expect([path, status < 500]).toEqual([path, true])
    }
  },
)

test.each(ways)(
  'while the database %s open sockets stay and say that it is away, no new one is let in, and all goes on when it is back',
  async (_, close) => {
    const [ours, theirs] = await Promise.all(
      [alice, bob].map(async ({ token }) => openSocketClient(message.url, { token })),
    )
    if (!ours || !theirs) throw new Error('no sockets')
    await theirs.next('backlog_end')
    const before = theirs.frames.length
    const body = await toBob.seal('sent while the database is away')
    close()
    try {
      expect(await refusedUpgrade(message.url, { token: bob.token })).toMatchObject({
        status: 503,
        code: 'unavailable',
      })
      ours.send({ type: 'send', ...body })
      expect(await ours.next('error')).toMatchObject({
        client_message_id: body.client_message_id,
        error: { code: 'unavailable', retryable: true },
      })
      theirs.send({ type: 'ack', up_to: 0 })
      expect(await theirs.next('error')).toMatchObject({ error: { code: 'unavailable' } })
      ours.send({ type: 'ping', reference: 'still there' })
      expect(await ours.next('pong')).toMatchObject({ reference: 'still there' })
      expect(theirs.frames.slice(before).map(frame => frame.type)).toEqual(['error'])
    } finally {
      gate.open()
    }
    ours.send({ type: 'send', ...body })
    await ours.next('sent')
    await createFiller(message, { person: alice, device }, { person: bob, device: bobDevice }, body)()
    await theirs.until(frames => frames.slice(before).filter(frame => frame.type === 'delivery').length === 2)
    for (const socket of [ours, theirs]) {
      socket.send({ type: 'ping' })
      await socket.next('pong')
      socket.end()
    }
  },
)
