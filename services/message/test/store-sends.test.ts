import type { Database } from '@qsm/server-kit'
import { expect, test } from 'vitest'
import { readBigints } from '../../../tests/support/read-bigints.js'
import { type CheckedSend, createSendStore } from '../src/send/store-sends.js'

const repeated = Object.assign(new Error('a repeat'), { code: '23505', constraint: 'seen_pkey' })
const someId = '01890000-0000-7000-8000-00000000000a'
const away = Object.assign(new Error('connection lost'), { code: 'ECONNRESET' })

/** A database whose statements fail as the test says, by the devices that send. */
const stage = (faultOf: (devices: readonly number[], statements: number) => Error | null) => {
  const statements: (readonly number[])[] = []
  const database = {
    async query(_: unknown, values: readonly unknown[]) {
      const devices = readBigints(values[8])
      statements.push(devices)
      const fault = faultOf(devices, statements.length)
      if (fault) throw fault
      return devices.map((device, send) => ({ send, user_id: 'bob', device_id: '1', sequence: String(device) }))
    },
  }
  const store = createSendStore(database as unknown as Database, () => {})
  const send = (deviceId: number, body: Uint8Array | null = null) =>
    store({
      request: { sender: { userId: someId, deviceId }, messageId: someId, envelopes: [], body },
      parcels: [],
      hash: Buffer.alloc(32),
      receivedAt: 0,
    } as CheckedSend).then(
      ([stored]) => stored?.sequence,
      (error: Error) => error,
    )
  return { statements, send }
}

test('one send that repeats fails alone: those of its flush are then stored one by one', async () => {
  const { statements, send } = stage(devices => (devices.includes(2) ? repeated : null))
  expect(await Promise.all([1, 2, 3].map(device => send(device)))).toEqual([1, repeated, 3])
  expect(statements).toEqual([[1, 2, 3], [1], [2], [3]])
})

test('where the database goes away meanwhile, those that are left are told so at once', async () => {
  const { statements, send } = stage((devices, count) => {
    if (devices.length > 1) return repeated
    return count > 2 ? away : null
  })
  expect(await Promise.all([1, 2, 3, 4].map(device => send(device)))).toEqual([1, away, away, away])
  expect(statements).toEqual([[1, 2, 3, 4], [1], [2]])
})

test('a database that is away is not asked again for each send of a flush', async () => {
  const { statements, send } = stage(() => away)
  expect(await Promise.all([1, 2].map(device => send(device)))).toEqual([away, away])
  expect(statements).toEqual([[1, 2]])
})

test('one statement stores 8 MiB at most, and the order stays', async () => {
  const { statements, send } = stage(() => null)
  const bytes = [3, 3, 3, 1, 9, 1].map(mebibytes => new Uint8Array(mebibytes << 20))
  expect(await Promise.all(bytes.map((body, index) => send(index, body)))).toEqual([0, 1, 2, 3, 4, 5])
  expect(statements).toEqual([[0, 1], [2, 3], [4], [5]])
})
