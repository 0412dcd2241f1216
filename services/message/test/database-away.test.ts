import { encodeBase64 } from '@qsm/contract'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Gate, startGate } from '../../../packages/server-kit/test/gate.js'
import type { TestDevice } from './support/local-device.js'
import type { Person } from './support/person.js'
import { startMessage, type TestMessage } from './support/start-message.js'

let gate: Gate
let message: TestMessage
let alice: Person
let bob: Person
let device: TestDevice

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
  await bob.withDevice()
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
  ['GET', '/api/connection/pending'],
  ['GET', '/api/connections'],
  ['POST', `/api/connections/${bob.username}/block`, { blocked: false }],
  ['GET', '/api/stats'],
]

test.each([
  ['refuses connections', () => gate.refuse()],
  ['does not answer', () => gate.freeze()],
])(
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
