import { encodeBase64 } from '@qsm/contract'
import { acceptDeviceRecord, acceptPrekey, decodeBundle } from '@qsm/protocol'
import { createMemoryRateLimits, idToBytes } from '@qsm/server-kit'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { TestDevice } from './support/local-device.js'
import type { Person } from './support/person.js'
import { startMessage, type TestMessage } from './support/start-message.js'

let message: TestMessage

beforeAll(async () => {
  message = await startMessage()
})

afterAll(() => message.close())

const oneTime = 1
const lastResort = 2

const decode = (bundle: string) => decodeBundle(new Uint8Array(Buffer.from(bundle, 'base64')))
const claim = (person: Pick<Person, 'call'>, username: string, body?: object) =>
  person.call('POST', `/api/users/${username}/bundles`, body)

const supply = async (person: Pick<Person, 'call'>, device: TestDevice, ids: readonly number[], resort?: number) => {
  const records = await Promise.all(ids.map(id => device.prekey(id, oneTime)))
  if (resort !== undefined) records.push(await device.prekey(resort, lastResort))
  const { status } = await person.call('PUT', `/api/devices/${device.deviceId}/prekeys`, {
    prekeys: records.map(encodeBase64),
  })
  expect(status).toBe(200)
}

const stateFor = async (person: Person, peer: Person) => {
  const { body } = await person.call('GET', '/api/connections')
  return body.connections.find((row: { peer_user_id: string }) => row.peer_user_id === peer.userId)?.state ?? null
}

describe('claiming bundles', () => {
  test('gives one verifiable bundle for each device, one-time prekeys first, then the last-resort one', async () => {
    const [alice, bob] = [await message.person(), await message.person()]
    const device = await bob.withDevice()
    await supply(bob, device, [7, 8], 9)
    const kinds: number[] = []
    const ids: number[] = []
    for (let round = 0; round < 4; round += 1) {
      const { body } = await claim(alice, bob.username.toUpperCase())
      expect(body).toMatchObject({ user_id: bob.userId, username: bob.username })
      expect(body.bundles).toHaveLength(1)
      const { record, prekey } = decode(body.bundles[0].bundle)
      await acceptDeviceRecord(message.algorithms, record, { user: idToBytes(bob.userId), device: device.deviceId })
      await acceptPrekey(message.algorithms, prekey, record)
      kinds.push(prekey.kind)
      ids.push(prekey.id)
    }
    expect(kinds).toEqual([oneTime, oneTime, lastResort, lastResort])
    expect(ids).toEqual([7, 8, 9, 9])
  })

  test('leaves out devices without a prekey and those that were not asked for', async () => {
    const [alice, bob] = [await message.person(), await message.person()]
    const [one, two, three] = [await bob.drawDevice(), await bob.drawDevice(), await bob.drawDevice()]
    for (const device of [one, two, three]) {
      const login = bob.login()
      await login.bind(device)
      if (device !== three) await supply(login, device, [1, 2])
    }
    const ids = async (body?: object) => {
      const answer = await claim(alice, bob.username, body)
      return answer.body.bundles.map((row: { device_id: number }) => row.device_id)
    }
    expect(await ids()).toEqual([one.deviceId, two.deviceId].sort((a, b) => a - b))
    expect(await ids({ device_ids: [two.deviceId, three.deviceId, 12345] })).toEqual([two.deviceId])
  })

  test('of the own name gives the other devices and starts nothing', async () => {
    const alice = await message.person()
    const device = await alice.withDevice()
    const other = await alice.drawDevice()
    const second = alice.login()
    await second.bind(other)
    await supply(alice, device, [1])
    await supply(second, other, [1])
    const { body } = await claim(alice, alice.username)
    expect(body.bundles.map((row: { device_id: number }) => row.device_id)).toEqual([other.deviceId])
    expect((await alice.call('GET', '/api/connections')).body.connections).toEqual([])
  })

  test('starts the connection for both, but not where there is nothing to start by', async () => {
    const [alice, bob] = [await message.person(), await message.person()]
    await claim(alice, bob.username)
    expect(await stateFor(alice, bob)).toBeNull()
    await supply(bob, await bob.withDevice(), [1])
    await claim(alice, bob.username)
    expect([await stateFor(alice, bob), await stateFor(bob, alice)]).toEqual(['started', 'started'])
  })

  test('is 403 after a block of either side, and takes no prekey', async () => {
    const [alice, bob] = [await message.person(), await message.person()]
    const device = await bob.withDevice()
    await supply(bob, device, [1])
    await bob.call('POST', `/api/connections/${alice.username}/block`)
    expect((await claim(alice, bob.username)).body.error.code).toBe('blocked')
    await bob.call('POST', `/api/connections/${alice.username}/block`, { blocked: false })
    await alice.call('POST', `/api/connections/${bob.username}/block`)
    const own = await claim(alice, bob.username)
    expect([own.status, own.body.error.message]).toEqual([403, 'You have blocked this user: lift the block first.'])
    expect((await bob.call('GET', `/api/devices/${device.deviceId}/prekeys`)).body.one_time).toBe(1)
  })

  test('of a name that nobody has is 404', async () => {
    const alice = await message.person()
    const { status, body } = await claim(alice, 'nobody-at-all')
    expect([status, body.error.code]).toEqual([404, 'not_found'])
  })

  test('is limited for each caller and target', async () => {
    const limited = await startMessage({ rateLimits: createMemoryRateLimits() })
    try {
      const [alice, bob, carol] = [await limited.person(), await limited.person(), await limited.person()]
      const answers = []
      for (let round = 0; round < 31; round += 1) answers.push((await claim(alice, bob.username)).status)
      expect(answers).toEqual([...Array(30).fill(200), 429])
      expect((await claim(alice, carol.username)).status).toBe(200)
      expect((await claim(carol, bob.username)).status).toBe(200)
    } finally {
      await limited.close()
    }
  })
})

test('of 1 000 one-time prekeys none is handed out twice in 2 000 claims by many callers, then comes the last resort', async () => {
  const bob = await message.person()
  const devices = await Promise.all(Array.from({ length: 10 }, () => bob.drawDevice()))
  for (const device of devices) {
    const login = bob.login()
    await login.bind(device)
    await supply(
      login,
      device,
      Array.from({ length: 100 }, (_, index) => index + 1),
      1_000,
    )
  }
  const callers = await Promise.all(Array.from({ length: 16 }, () => message.person()))
  const second = await message.secondPod()
  try {
    const claims = callers.map(async (caller, index) => {
      const taken: { readonly device: number; readonly id: number; readonly kind: number }[] = []
      const at = index % 2 === 0 ? caller : second.as(caller)
      for (let round = index; round < 200; round += callers.length) {
        const { status, body } = await claim(at, bob.username)
        expect(status).toBe(200)
        for (const row of body.bundles) {
          const { id, kind } = decode(row.bundle).prekey
          taken.push({ device: row.device_id, id, kind })
        }
      }
      return taken
    })
    const taken = (await Promise.all(claims)).flat()
    expect(taken).toHaveLength(2_000)
    const oneTimes = taken.filter(({ kind }) => kind === oneTime)
    expect(new Set(oneTimes.map(({ device, id }) => `${device}/${id}`)).size).toBe(1_000)
    expect(oneTimes).toHaveLength(1_000)
    expect(taken.filter(({ kind }) => kind === lastResort)).toHaveLength(1_000)
  } finally {
    await second.close()
  }
})
