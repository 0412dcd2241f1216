import { encodeBase64 } from '@qsm/contract'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Login } from './support/person.js'
import { startMessage, type TestMessage } from './support/start-message.js'

let message: TestMessage

beforeAll(async () => {
  message = await startMessage()
})

afterAll(() => message.close())

const dayMs = 86_400_000
const minuteMs = 60_000
const post = (record: Uint8Array) => ['POST', '/api/devices', { device_record: encodeBase64(record) }] as const

/** A session of an end-to-end device is told that the thin client's routes are not for it; another one that there is nobody. */
const isBound = async (login: Login): Promise<boolean> => {
  const { status } = await login.call('GET', '/api/session/status?peer=nobody-here')
  expect([404, 409]).toContain(status)
  return status === 409
}

describe('registering a device', () => {
  test('is answered 201 for a new one and 200 for a known one, and the device is listed', async () => {
    const alice = await message.person()
    const device = await alice.drawDevice()
    const record = await device.record()
    expect(await alice.call(...post(record))).toEqual({ status: 201, body: { device_id: device.deviceId } })
    message.clock.advance(1)
    const fresh = await device.record()
    expect(await alice.call(...post(fresh))).toEqual({ status: 200, body: { device_id: device.deviceId } })
    const { body } = await alice.call('GET', '/api/devices')
    expect(body.devices).toHaveLength(1)
    expect(body.devices[0]).toMatchObject({ device_id: device.deviceId, device_record: encodeBase64(fresh) })
  })

  test('binds the login session that asked, and no other', async () => {
    const alice = await message.person()
    const device = await alice.withDevice()
    const second = alice.login()
    expect(await isBound(second)).toBe(false)
    expect((await second.bind(device)).status).toBe(200)
    expect(await isBound(second)).toBe(true)
    expect(await isBound(alice)).toBe(true)
  })

  test('moves a login session to another device', async () => {
    const alice = await message.person()
    await alice.withDevice()
    const other = await alice.drawDevice()
    expect((await alice.bind(other)).status).toBe(201)
    const prekey = encodeBase64(await other.prekey(1, 1))
    const answer = await alice.call('PUT', `/api/devices/${other.deviceId}/prekeys`, { prekeys: [prekey] })
    expect(answer.status).toBe(200)
  })

  test('takes 32 devices of a user and refuses the next, also when many come at once', async () => {
    const alice = await message.person()
    const { falcon, ecdsa } = (await alice.drawDevice()).local
    const devices = await Promise.all(Array.from({ length: 36 }, () => alice.drawDevice({ falcon, ecdsa })))
    const records = await Promise.all(devices.map(device => device.record()))
    // Those that race for the last places are few: each waits for a lock, and no wait may be long.
    const answers = []
    for (const record of records.slice(0, 28)) answers.push(await alice.call(...post(record)))
    answers.push(...(await Promise.all(records.slice(28).map(record => alice.call(...post(record))))))
    expect(answers.filter(answer => answer.status === 201)).toHaveLength(32)
    const refused = answers.filter(answer => answer.status !== 201)
    expect(refused.map(answer => answer.body.error.code)).toEqual(Array(4).fill('conflict'))
    const { body } = await alice.call('GET', '/api/devices')
    await alice.call('DELETE', `/api/devices/${body.devices[0].device_id}`)
    expect((await alice.bind(await alice.drawDevice())).status).toBe(201)
  })

  test('of one device twice at once makes it once', async () => {
    const alice = await message.person()
    const device = await alice.drawDevice()
    const [one, two] = [await device.record(), await device.record()]
    const answers = await Promise.all([alice.call(...post(one)), alice.call(...post(two))])
    const codes = answers.map(({ status }) => status).sort()
    expect([
      [200, 201],
      [201, 422],
    ]).toContainEqual(codes)
  })
})

describe('a device record is refused', () => {
  test('that names another user, with 403', async () => {
    const [alice, bob] = [await message.person(), await message.person()]
    const record = await (await bob.drawDevice()).record()
    const answer = await alice.call(...post(record))
    expect([answer.status, answer.body.error.code, answer.body.error.field]).toEqual([
      403,
      'forbidden',
      'device_record',
    ])
  })

  test.each([
    ['6 minutes old', -6 * minuteMs],
    ['6 minutes ahead', 6 * minuteMs],
  ])('that is %s, and says that the clock is wrong', async (_, offset) => {
    const alice = await message.person()
    const device = await alice.drawDevice()
    const record = await device.record({ createdAt: message.clock.now() + offset })
    const { status, body } = await alice.call(...post(record))
    expect([status, body.error.code]).toEqual([422, 'record_refused'])
    expect(body.error.message).toContain('within 5 minutes')
  })

  test.each([
    ['5 minutes old', -5 * minuteMs],
    ['5 minutes ahead', 5 * minuteMs],
  ])('not where it is %s', async (_, offset) => {
    const alice = await message.person()
    const device = await alice.drawDevice()
    expect((await alice.call(...post(await device.record({ createdAt: message.clock.now() + offset })))).status).toBe(
      201,
    )
  })

  test('that is not newer than the stored one, also when it is the same', async () => {
    const alice = await message.person()
    const device = await alice.drawDevice()
    const older = await device.record({ createdAt: message.clock.now() - 2 })
    const record = await device.record({ createdAt: message.clock.now() - 1 })
    expect((await alice.call(...post(record))).status).toBe(201)
    for (const repeated of [record, older]) {
      const { status, body } = await alice.login().call(...post(repeated))
      expect([status, body.error.code]).toEqual([422, 'record_refused'])
      expect(body.error.message).toContain('newer')
    }
  })

  test('that has expired', async () => {
    const alice = await message.person()
    const record = await (await alice.drawDevice()).record({ expiresAt: message.clock.now() })
    const { status, body } = await alice.call(...post(record))
    expect([status, body.error.code]).toEqual([422, 'record_refused'])
    expect(body.error.message).toContain('expired')
  })

  test('with another key under a known id, with 409', async () => {
    const alice = await message.person()
    const device = await alice.withDevice()
    const other = await alice.drawDevice({ device: device.deviceId })
    const { status, body } = await alice.call(...post(await other.record()))
    expect([status, body.error.code]).toEqual([409, 'device_id_taken'])
  })

  test.each([
    ['flags', { managed: true }, 'made by the quantum service'],
    ['suites', { suites: [1, 2] }, 'never change'],
  ])('with other %s than the device has', async (_, change, reason) => {
    const alice = await message.person()
    const device = await alice.withDevice()
    const changed = await alice.drawDevice({ ...device.local, ...change })
    message.clock.advance(10)
    const { status, body } = await alice.call(...post(await changed.record()))
    expect([status, body.error.code]).toEqual([422, 'record_refused'])
    expect(body.error.message).toContain(reason)
  })

  test('of a suite that is not spoken here', async () => {
    const alice = await message.person()
    const record = await (await alice.drawDevice({ suite: 2, suites: [2] })).record()
    const { status, body } = await alice.call(...post(record))
    expect([status, body.error.code]).toEqual([422, 'record_refused'])
  })

  test('of any wrong length, before anything is computed', async () => {
    const alice = await message.person()
    for (const length of [0, 1, 1734, 1766, 100_000]) {
      const { status, body } = await alice.call(...post(new Uint8Array(length)))
      expect([status, body.error.code, body.error.field]).toEqual([400, 'validation_failed', 'device_record'])
    }
  })

  test('with one bit changed anywhere, and the signature has one text only', async () => {
    const alice = await message.person()
    const record = await (await alice.drawDevice()).record()
    const signatureAt = record.length - 730
    await fc.assert(
      fc.asyncProperty(fc.nat(record.length * 8 - 1), async bit => {
        const changed = record.slice()
        changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7))
        const { status, body } = await alice.call(...post(changed))
        expect([403, 422]).toContain(status)
        if (bit >> 3 >= signatureAt) expect(body.error.message).toBe('The record or its signature was refused.')
      }),
      { numRuns: 60 },
    )
    expect((await alice.call('GET', '/api/devices')).body.devices).toEqual([])
  })

  test('whose key is no key', async () => {
    const alice = await message.person()
    const record = (await (await alice.drawDevice()).record()).slice()
    record.fill(0, 40, 40 + 962)
    const { status, body } = await alice.call(...post(record))
    expect([status, body.error.code]).toEqual([422, 'record_refused'])
  })
})

describe('removing a device', () => {
  test('takes its prekeys and its bindings along, and its id is never used again', async () => {
    const alice = await message.person()
    const device = await alice.withDevice()
    const path = `/api/devices/${device.deviceId}`
    await alice.call('PUT', `${path}/prekeys`, { prekeys: [encodeBase64(await device.prekey(1, 1))] })
    expect((await alice.login().call('DELETE', path)).status).toBe(204)
    expect((await alice.call('DELETE', path)).status).toBe(404)
    expect((await alice.call('GET', `${path}/prekeys`)).status).toBe(404)
    expect(await isBound(alice)).toBe(false)
    message.clock.advance(1)
    const again = await alice.call(...post(await device.record()))
    expect([again.status, again.body.error.code]).toEqual([409, 'device_id_taken'])
    expect(again.body.error.message).toContain('removed')
    await message.runJobs()
    for (const table of ['device_binding', 'prekey', 'prekey_used', 'mailbox']) {
      const rows = await message.context.database.query(`SELECT 1 FROM message.${table} WHERE user_id = $1`, [
        alice.userId,
      ])
      expect([table, rows]).toEqual([table, []])
    }
  })

  test('is known to another pod at once', async () => {
    const alice = await message.person()
    const device = await alice.withDevice()
    const pod = await message.secondPod()
    try {
      expect(await pod.app.devices.bound(alice.sessionId)).toEqual({ userId: alice.userId, deviceId: device.deviceId })
      await alice.call('DELETE', `/api/devices/${device.deviceId}`)
      await new Promise(setImmediate)
      expect(await pod.app.devices.bound(alice.sessionId)).toBeNull()
      expect(await pod.app.devices.record({ userId: alice.userId, deviceId: device.deviceId })).toBeNull()
    } finally {
      await pod.close()
    }
  })
})

describe('a device whose record expires', () => {
  test('is no longer shown or addressed until it has signed a new one', async () => {
    const [alice, bob] = [await message.person(), await message.person()]
    const device = await alice.drawDevice()
    const expiresAt = message.clock.now() + dayMs
    await alice.call(...post(await device.record({ expiresAt })))
    const shown = async () => (await bob.call('GET', `/api/users/${alice.username}/devices`)).body.devices.length
    expect(await shown()).toBe(1)
    expect((await message.app.devices.activeOf([alice.userId])).get(alice.userId)).toEqual([device.deviceId])
    message.clock.advance(dayMs)
    expect((await message.app.devices.activeOf([alice.userId])).get(alice.userId)).toEqual([])
    const later = bob.login()
    expect((await later.call('GET', `/api/users/${alice.username}/devices`)).body.devices).toEqual([])
    expect((await alice.login().bind(device)).status).toBe(200)
    expect((await message.app.devices.activeOf([alice.userId])).get(alice.userId)).toEqual([device.deviceId])
  })
})
