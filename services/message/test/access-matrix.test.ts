import { encodeBase64, mainRoutes } from '@qsm/contract'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { TestDevice } from './support/local-device.js'
import { type Answer, call, type Login, type Person } from './support/person.js'
import { startMessage, type TestMessage } from './support/start-message.js'

let message: TestMessage

beforeAll(async () => {
  message = await startMessage()
})

afterAll(() => message.close())

/** Those who call, from the one with the least right to the one with the most. */
type Who = 'anonymous' | 'forged' | 'ended' | 'stranger' | 'removed' | 'unbound' | 'otherDevice' | 'owner'
const everybody: readonly Who[] = [
  ...(['anonymous', 'forged', 'ended', 'stranger'] as const),
  ...(['removed', 'unbound', 'otherDevice', 'owner'] as const),
]

/** The owner's things, which everybody tries to reach. */
interface Scene {
  readonly owner: Person
  readonly device: TestDevice
  /** A third user, with a device and prekeys. */
  readonly peer: Person
  readonly peerDevice: TestDevice
  readonly logins: Readonly<Record<Who, Pick<Login, 'call'>>>
}

const withToken = (token: string): Pick<Login, 'call'> => ({
  call: (method, path, body) =>
    call(message.url, method, path, { body, headers: { Authorization: `Bearer ${token}` } }),
})

const setScene = async (): Promise<Scene> => {
  const [owner, stranger, peer] = [await message.person(), await message.person(), await message.person()]
  const device = await owner.withDevice()
  await stranger.withDevice()
  const peerDevice = await peer.withDevice()
  const [removed, unbound, otherDevice, ended] = [owner.login(), owner.login(), owner.login(), owner.login()]
  const gone = await owner.drawDevice()
  await removed.bind(gone)
  await otherDevice.bind(await owner.drawDevice())
  await owner.call('DELETE', `/api/devices/${gone.deviceId}`)
  message.feed.add({
    type: 'session_ended',
    user_id: owner.userId,
    username: owner.username,
    session_id: ended.sessionId,
    at: new Date(message.clock.now()).toISOString(),
  })
  await message.app.accounts.sync()
  const [head, claims, signature = ''] = owner.token.split('.')
  const forged = `${head}.${claims}.${signature.startsWith('A') ? 'B' : 'A'}${signature.slice(1)}`
  const anonymous: Pick<Login, 'call'> = { call: (method, path, body) => call(message.url, method, path, { body }) }
  const logins = { anonymous, forged: withToken(forged), ended, stranger, removed, unbound, otherDevice, owner }
  return { owner, device, peer, peerDevice, logins }
}

type Request = readonly [method: string, path: string, body?: object]
interface Row {
  readonly request: (scene: Scene) => Promise<Request>
  /** The status of each who gets further than a 401. */
  readonly expected: Readonly<Record<Exclude<Who, 'anonymous' | 'forged' | 'ended'>, number>>
  /** Of those who are answered 200, what they see must hold nothing of the owner. */
  readonly hidesOwner?: boolean
}

const same = (status: number) => ({
  stranger: status,
  removed: status,
  unbound: status,
  otherDevice: status,
  owner: status,
})
const plain =
  (...request: Request) =>
  async () =>
    request

const askOwner = async ({ owner, peer, peerDevice }: Scene) => {
  const { bytes } = await peerDevice.request(owner.userId)
  const { body } = await peer.call('POST', '/api/connection/request', {
    receiver_username: owner.username,
    handshake: encodeBase64(bytes),
  })
  return { requestId: body.request_id as string, bytes }
}

const matrix: Readonly<Record<string, Row>> = {
  listAvailableUsers: { request: plain('GET', '/api/users/available'), expected: same(200) },
  registerDevice: {
    request: async ({ device }) => ['POST', '/api/devices', { device_record: encodeBase64(await device.record()) }],
    // Whoever can sign for the device may bind to it; the same record works once.
    expected: { stranger: 403, removed: 200, unbound: 422, otherDevice: 422, owner: 422 },
  },
  listDevices: { request: plain('GET', '/api/devices'), expected: same(200), hidesOwner: true },
  removeDevice: {
    request: async ({ device }) => ['DELETE', `/api/devices/${device.deviceId}`],
    expected: { stranger: 404, removed: 204, unbound: 404, otherDevice: 404, owner: 404 },
  },
  putPrekeys: {
    request: async ({ device }) => [
      'PUT',
      `/api/devices/${device.deviceId}/prekeys`,
      { prekeys: [encodeBase64(await device.prekey(1, 1))] },
    ],
    expected: { stranger: 404, removed: 403, unbound: 403, otherDevice: 403, owner: 200 },
  },
  getPrekeys: {
    request: async ({ device }) => ['GET', `/api/devices/${device.deviceId}/prekeys`],
    expected: { ...same(200), stranger: 404 },
  },
  listUserDevices: {
    request: async ({ owner }) => ['GET', `/api/users/${owner.username}/devices`],
    expected: same(200),
  },
  claimBundles: {
    request: async ({ peer }) => ['POST', `/api/users/${peer.username}/bundles`],
    expected: same(200),
  },
  requestConnection: {
    request: async ({ device, peer }) => [
      'POST',
      '/api/connection/request',
      { receiver_username: peer.username, handshake: encodeBase64((await device.request(peer.userId)).bytes) },
    ],
    expected: { stranger: 403, removed: 403, unbound: 403, otherDevice: 403, owner: 201 },
  },
  listPendingRequests: {
    request: async scene => {
      await askOwner(scene)
      return ['GET', '/api/connection/pending']
    },
    expected: same(200),
    hidesOwner: true,
  },
  respondToConnection: {
    request: async scene => {
      const { requestId, bytes } = await askOwner(scene)
      const handshake = encodeBase64(await scene.device.respond(bytes))
      return ['POST', '/api/connection/respond', { request_id: requestId, accept: true, handshake }]
    },
    expected: { stranger: 404, removed: 403, unbound: 403, otherDevice: 403, owner: 200 },
  },
  listConnections: {
    request: async scene => {
      await askOwner(scene)
      return ['GET', '/api/connections']
    },
    expected: same(200),
    hidesOwner: true,
  },
  blockUser: {
    request: async ({ peer }) => ['POST', `/api/connections/${peer.username}/block`],
    expected: same(200),
  },
  // An end-to-end device holds its sessions itself; who is bound to none has no session with anybody yet.
  getSessionStatus: {
    request: async ({ peer }) => ['GET', `/api/session/status?peer=${peer.username}`],
    expected: { ...same(409), removed: 200, unbound: 200 },
  },
  terminateSession: {
    request: async ({ peer }) => ['POST', '/api/session/terminate', { peer: peer.username }],
    expected: { ...same(409), removed: 404, unbound: 404 },
  },
  getStats: { request: plain('GET', '/api/stats'), expected: same(200) },
}

/** Those that concern envelopes and sockets have their own tests. */
const elsewhere = [
  ...['sendMessage', 'listMessages', 'acknowledge', 'deleteMessage'],
  ...['createSocketTicket', 'openSocket', 'openNamedSocket'],
]

test('every route of the service has a row', () => {
  const operations = mainRoutes.filter(route => route.service === 'message').map(route => route.operationId)
  expect([...Object.keys(matrix), ...elsewhere].sort()).toEqual(operations.sort())
})

test.each(Object.entries(matrix))('%s', async (_, { request, expected, hidesOwner }) => {
  const scene = await setScene()
  const [method, path, body] = await request(scene)
  const answers: Partial<Record<Who, Answer>> = {}
  for (const who of everybody) answers[who] = await scene.logins[who].call(method, path, body)
  const statuses = Object.fromEntries(Object.entries(answers).map(([who, answer]) => [who, answer.status]))
  expect(statuses).toEqual({ anonymous: 401, forged: 401, ended: 401, ...expected })
  if (hidesOwner) {
    const lists = Object.values(answers.stranger?.body ?? {})[0] as readonly { device_id?: number }[]
    expect(lists.filter(row => row.device_id === undefined || row.device_id === scene.device.deviceId)).toEqual([])
  }
})

test('what is foreign and what is absent have the same answer but for the id of the request', async () => {
  const { device, logins } = await setScene()
  const absent = device.deviceId === 5 ? 6 : 5
  const told = ({ status, body }: Answer) => [status, body.error.code, body.error.message, Object.keys(body.error)]
  for (const [method, path] of [
    ['DELETE', ''],
    ['GET', '/prekeys'],
  ] as const) {
    const [foreign, missing] = await Promise.all(
      [device.deviceId, absent].map(id => logins.stranger.call(method, `/api/devices/${id}${path}`)),
    )
    expect(told(foreign as Answer)).toEqual(told(missing as Answer))
  }
})
