import { encodeBase64 } from '@qsm/contract'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startMessage, type TestMessage } from './support/start-message.js'

let message: TestMessage

beforeAll(async () => {
  message = await startMessage()
})

afterAll(() => message.close())

const find = async (person: { call: (method: string, path: string) => Promise<{ body: unknown }> }, query: string) => {
  const { body } = await person.call('GET', `/api/users/available${query}`)
  return body as { users: { username: string; status: string; has_quantum_keys: boolean }[]; next: string | null }
}

test('users are found by the beginning of their name in any case, in order, without the caller', async () => {
  const alice = await message.person('Find-Alice')
  for (const name of ['find-carol', 'FIND-Bob', 'findXdave', 'find_erin', 'other']) await message.person(name)
  const { users, next } = await find(alice, '?query=FIND-')
  expect(users.map(user => user.username)).toEqual(['FIND-Bob', 'find-carol'])
  expect(next).toBeNull()
  expect((await find(alice, '?query=find_')).users.map(user => user.username)).toEqual(['find_erin'])
})

test('pages follow each other by the cursor without a gap or a repeat', async () => {
  const asker = await message.person()
  const names = Array.from({ length: 7 }, (_, index) => `page-${index}`)
  for (const name of [...names].reverse()) await message.person(name)
  const seen: string[] = []
  let cursor: string | null = ''
  for (let pages = 0; cursor !== null; pages += 1) {
    const page = await find(asker, `?query=page-&limit=3${cursor === '' ? '' : `&cursor=${cursor}`}`)
    seen.push(...page.users.map(user => user.username))
    cursor = page.next
    expect(pages).toBeLessThan(4)
  }
  expect(seen).toEqual(names)
})

test('a user has quantum keys from its first device on until its last is removed', async () => {
  const [alice, bob] = [await message.person(), await message.person()]
  const keys = async () => (await find(bob, `?query=${alice.username}`)).users[0]?.has_quantum_keys
  expect(await keys()).toBe(false)
  const device = await alice.withDevice()
  expect(await keys()).toBe(true)
  await alice.call('DELETE', `/api/devices/${device.deviceId}`)
  expect(await keys()).toBe(false)
})

test('who is online is not told to those who are no contacts', async () => {
  const [alice, bob] = [await message.person(), await message.person()]
  expect((await find(alice, `?query=${bob.username}`)).users[0]?.status).toBe('offline')
})

test('the devices of a user are shown to everybody and claim nothing', async () => {
  const [alice, bob] = [await message.person(), await message.person()]
  const device = await alice.withDevice()
  await alice.call('PUT', `/api/devices/${device.deviceId}/prekeys`, {
    prekeys: [encodeBase64(await device.prekey(1, 1))],
  })
  const { status, body } = await bob.call('GET', `/api/users/${alice.username.toUpperCase()}/devices`)
  expect([status, body.user_id]).toEqual([200, alice.userId])
  expect(body.devices).toMatchObject([{ device_id: device.deviceId }])
  expect((await alice.call('GET', `/api/devices/${device.deviceId}/prekeys`)).body.one_time).toBe(1)
  expect((await bob.call('GET', '/api/users/nobody-at-all/devices')).status).toBe(404)
})

test('the own counts follow what one has', async () => {
  const [alice, bob] = [await message.person(), await message.person()]
  const none = { devices: 0, connections: 0, pending_requests: 0, messages_sent: 0, messages_waiting: 0 }
  expect((await alice.call('GET', '/api/stats')).body).toEqual(none)
  await alice.withDevice()
  const device = await bob.withDevice()
  await bob.call('POST', '/api/connection/request', {
    receiver_username: alice.username,
    handshake: encodeBase64((await device.request(alice.userId)).bytes),
  })
  expect((await alice.call('GET', '/api/stats')).body).toEqual({ ...none, devices: 1, pending_requests: 1 })
})

test('without a quantum service a thin client is told that there is none, and what to use instead', async () => {
  const [alice, bob] = [await message.person(), await message.person()]
  const { status, body } = await alice.call('POST', '/api/connection/request', { receiver_username: bob.username })
  expect([status, body.error.code, body.error.retryable]).toEqual([503, 'unavailable', true])
  expect(body.error.message).toMatch(/without a quantum service.*end-to-end client/)
})
