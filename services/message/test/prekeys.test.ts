import { encodeBase64 } from '@qsm/contract'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { TestDevice } from './support/local-device.js'
import type { Person } from './support/person.js'
import { startMessage, type TestMessage } from './support/start-message.js'

let message: TestMessage

beforeAll(async () => {
  message = await startMessage()
})

afterAll(() => message.close())

const dayMs = 86_400_000
const oneTime = 1
const lastResort = 2

const put = (person: Pick<Person, 'call'>, deviceId: number, records: readonly Uint8Array[]) =>
  person.call('PUT', `/api/devices/${deviceId}/prekeys`, { prekeys: records.map(encodeBase64) })

const oneTimes = (device: TestDevice, first: number, count: number) =>
  Promise.all(Array.from({ length: count }, (_, index) => device.prekey(first + index, oneTime)))

describe('putting prekeys', () => {
  test('adds one-time ones and replaces the last-resort one', async () => {
    const alice = await message.person()
    const device = await alice.withDevice()
    const first = await put(alice, device.deviceId, [
      ...(await oneTimes(device, 1, 3)),
      await device.prekey(100, lastResort),
    ])
    expect(first).toEqual({ status: 200, body: { one_time: 3, last_resort: 1 } })
    const second = await put(alice, device.deviceId, [
      ...(await oneTimes(device, 4, 2)),
      await device.prekey(101, lastResort),
    ])
    expect(second.body).toEqual({ one_time: 5, last_resort: 1 })
    expect((await alice.call('GET', `/api/devices/${device.deviceId}/prekeys`)).body).toEqual(second.body)
  })

  test('of the same again changes nothing, also when it was handed out meanwhile or signed anew', async () => {
    const [alice, bob] = [await message.person(), await message.person()]
    const device = await alice.withDevice()
    const records = await oneTimes(device, 1, 2)
    await put(alice, device.deviceId, records)
    expect((await put(alice, device.deviceId, records)).body).toEqual({ one_time: 2, last_resort: 0 })
    await bob.call('POST', `/api/users/${alice.username}/bundles`)
    expect((await put(alice, device.deviceId, records)).body).toEqual({ one_time: 1, last_resort: 0 })
  })

  test('of an id that was used for another key is 409, and nothing of the upload is stored', async () => {
    const [alice, bob] = [await message.person(), await message.person()]
    const device = await alice.withDevice()
    await put(alice, device.deviceId, await oneTimes(device, 1, 1))
    const upload = async () => [await device.prekey(2, oneTime), await device.prekey(1, oneTime)]
    const held = await put(alice, device.deviceId, await upload())
    expect([held.status, held.body.error.code]).toEqual([409, 'prekey_conflict'])
    expect(held.body.error.message).toContain('Prekey id 1 ')
    await bob.call('POST', `/api/users/${alice.username}/bundles`)
    const handedOut = await put(alice, device.deviceId, await upload())
    expect(handedOut.body.error.code).toBe('prekey_conflict')
    expect((await alice.call('GET', `/api/devices/${device.deviceId}/prekeys`)).body.one_time).toBe(0)
  })

  test('keeps at most 100 one-time ones', async () => {
    const alice = await message.person()
    const device = await alice.withDevice()
    const full = await put(alice, device.deviceId, await oneTimes(device, 1, 100))
    expect(full.body).toEqual({ one_time: 100, last_resort: 0 })
    const { status, body } = await put(alice, device.deviceId, await oneTimes(device, 101, 2))
    expect([status, body.error.code]).toEqual([409, 'conflict'])
    expect(body.error.message).toContain('give 2 fewer')
    expect((await put(alice, device.deviceId, [await device.prekey(200, lastResort)])).body).toEqual({
      one_time: 100,
      last_resort: 1,
    })
  })

  test('from several uploads at once never ends over 100', async () => {
    const alice = await message.person()
    const device = await alice.withDevice()
    const uploads = await Promise.all([1, 41, 81, 121].map(first => oneTimes(device, first, 40)))
    const answers = await Promise.all(uploads.map(records => put(alice, device.deviceId, records)))
    expect(answers.map(answer => answer.status).sort()).toEqual([200, 200, 409, 409])
    expect((await alice.call('GET', `/api/devices/${device.deviceId}/prekeys`)).body.one_time).toBe(80)
  })

  test('is only for the device that the session is bound to', async () => {
    const [alice, bob] = [await message.person(), await message.person()]
    const device = await alice.withDevice()
    const second = alice.login()
    const other = await alice.drawDevice()
    await second.bind(other)
    const records = await oneTimes(device, 1, 1)
    expect((await put(second, device.deviceId, records)).body.error.code).toBe('forbidden')
    expect((await put(alice.login(), device.deviceId, records)).body.error.code).toBe('device_required')
    await bob.withDevice()
    const foreign = await put(bob, device.deviceId, records)
    const absent = await put(bob, 77, records)
    expect([foreign.status, absent.status]).toEqual([404, 404])
    expect(foreign.body.error.message).toBe(absent.body.error.message)
  })
})

describe('a prekey is refused', () => {
  const refusal = async (make: (device: TestDevice, alice: Person) => Promise<readonly Uint8Array[]>) => {
    const alice = await message.person()
    const device = await alice.withDevice()
    const { status, body } = await put(alice, device.deviceId, await make(device, alice))
    expect((await alice.call('GET', `/api/devices/${device.deviceId}/prekeys`)).body).toEqual({
      one_time: 0,
      last_resort: 0,
    })
    return { status, ...body.error }
  }
  const changed = (bytes: Uint8Array, at: number, value: number) => {
    const copy = bytes.slice()
    copy[at] = value
    return copy
  }

  test('that another device has signed', async () => {
    const error = await refusal(async (_, alice) => oneTimes(await alice.drawDevice(), 1, 1))
    expect(error).toMatchObject({
      status: 422,
      code: 'record_refused',
      field: 'prekeys[0]',
      message: 'The record or its signature was refused.',
    })
  })

  test('whose ML-KEM key is all zero or not reduced, or whose point is off the curve, with the same text', async () => {
    for (const damage of [
      (bytes: Uint8Array) => bytes.fill(0, 70, 70 + 1184),
      (bytes: Uint8Array) => bytes.fill(0xff, 70, 73),
      (bytes: Uint8Array) => bytes.fill(1, 6, 70),
    ]) {
      const error = await refusal(async device => [damage((await device.prekey(1, oneTime)).slice())])
      expect([error.status, error.message]).toEqual([422, 'The record or its signature was refused.'])
    }
  })

  test.each([
    ['of the id 0', 3, 0],
    ['of an unknown kind', 4, 3],
  ])('%s', async (_, at, value) => {
    const error = await refusal(async device => [changed(await device.prekey(1, oneTime), at, value)])
    expect([error.status, error.code]).toEqual([422, 'record_refused'])
    expect(error.message).toMatch(/^prekeys\[0]: /)
  })

  test('that is over, and a last-resort one that would live more than 30 days', async () => {
    const over = await refusal(async device => [await device.prekey(1, oneTime, message.clock.now())])
    expect(over.message).toContain('expired')
    const long = await refusal(async device => [
      await device.prekey(1, lastResort, message.clock.now() + 30 * dayMs + 600_000),
    ])
    expect(long.message).toContain('30 days')
  })

  test('where an id or a last-resort one comes twice', async () => {
    const twice = await refusal(async device => [await device.prekey(1, oneTime), await device.prekey(1, oneTime)])
    expect(twice).toMatchObject({ status: 422, field: 'prekeys[1]' })
    const both = await refusal(async device => [await device.prekey(1, lastResort), await device.prekey(2, lastResort)])
    expect(both).toMatchObject({ status: 422, field: 'prekeys' })
  })

  test('of 1991 or 1993 bytes, and 102 of them at once', async () => {
    const alice = await message.person()
    const device = await alice.withDevice()
    const record = await device.prekey(1, oneTime)
    for (const length of [0, 1991, 1993]) {
      const bytes = new Uint8Array(length)
      bytes.set(record.subarray(0, length))
      const { status, body } = await put(alice, device.deviceId, [bytes])
      expect([status, body.error.field]).toEqual([400, 'prekeys[0]'])
    }
    const many = await put(alice, device.deviceId, Array(102).fill(record))
    expect([many.status, many.body.error.field]).toEqual([400, 'prekeys'])
  })
})

test('a prekey behind its time is neither counted nor handed out, and is deleted', async () => {
  const [alice, bob] = [await message.person(), await message.person()]
  const device = await alice.withDevice()
  await put(alice, device.deviceId, [await device.prekey(1, oneTime, message.clock.now() + 60_000)])
  message.clock.advance(60_000)
  expect((await alice.call('GET', `/api/devices/${device.deviceId}/prekeys`)).body.one_time).toBe(0)
  const { body } = await bob.call('POST', `/api/users/${alice.username}/bundles`)
  expect(body.bundles).toEqual([])
  await message.runJobs()
  const rows = await message.context.database.query('SELECT 1 FROM message.prekey WHERE user_id = $1', [alice.userId])
  expect(rows).toEqual([])
})
