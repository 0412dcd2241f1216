import { encodeBase64, recordBytes } from '@qsm/contract'
import { newId } from '@qsm/server-kit'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { checkedFetch } from '../../../tests/support/checked-fetch.js'
import type { TestDevice } from './support/local-device.js'
import type { Person } from './support/person.js'
import { startMessage, type TestMessage } from './support/start-message.js'

let message: TestMessage
let alice: Person
let bob: Person
let device: TestDevice

beforeAll(async () => {
  message = await startMessage()
  alice = await message.person()
  bob = await message.person('bad-input-bob')
  device = await alice.withDevice()
})

afterAll(() => message.close())

/** Sends a body as it stands. */
const send = async (method: string, path: string, body: string, contentType = 'application/json') => {
  const response = await checkedFetch(`${message.url}${path}`, {
    method,
    headers: { 'Content-Type': contentType, Authorization: `Bearer ${alice.token}` },
    body,
  })
  return { status: response.status, error: JSON.parse(await response.text()).error }
}

const record = encodeBase64(new Uint8Array(1735))
const routes = (): readonly (readonly [method: string, path: string, valid: Record<string, unknown>])[] => [
  ['POST', '/api/devices', { device_record: record }],
  ['PUT', `/api/devices/${device.deviceId}/prekeys`, { prekeys: [encodeBase64(new Uint8Array(1992))] }],
  ['POST', `/api/users/${bob.username}/bundles`, { device_ids: [1] }],
  [
    'POST',
    '/api/connection/request',
    { receiver_username: bob.username, handshake: encodeBase64(new Uint8Array(recordBytes.request.min)) },
  ],
  [
    'POST',
    '/api/connection/respond',
    { request_id: newId(), accept: true, handshake: encodeBase64(new Uint8Array(recordBytes.response.min)) },
  ],
  ['POST', `/api/connections/${bob.username}/block`, { blocked: false }],
]

describe('a body', () => {
  test('with an unknown field is refused, and the field is named', async () => {
    for (const [method, path, valid] of routes()) {
      const { status, error } = await send(method, path, JSON.stringify({ ...valid, user_id: bob.userId }))
      expect([path, status, error.code]).toEqual([path, 400, 'validation_failed'])
      expect(error.message).toContain('user_id')
    }
  })

  test('that reaches for a prototype is refused, and nothing is polluted', async () => {
    for (const [method, path] of routes()) {
      const { status } = await send(method, path, '{"__proto__": {"polluted": true}, "constructor": {"prototype": 1}}')
      expect([path, status]).toEqual([path, 400])
    }
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined()
  })

  test('that is no object, no JSON, of another type or over the limit is refused with its own code', async () => {
    for (const [method, path, valid] of routes()) {
      expect((await send(method, path, '[]')).error.code).toBe('validation_failed')
      expect((await send(method, path, '{')).error.code).toBe('malformed_json')
      expect((await send(method, path, JSON.stringify(valid), 'text/plain')).error.code).toBe('unsupported_media_type')
      const large = JSON.stringify({ ...valid, padding: 'x'.repeat(1_048_577) })
      expect((await send(method, path, large)).status).toBe(413)
    }
  })

  test.each([
    ['without padding', record.slice(0, -1)],
    ['in the URL alphabet', `-_${record.slice(2)}`],
    ['with a line break', `${record.slice(0, 76)}\n${record.slice(77)}`],
    ['with bits behind the end', `${record.slice(0, -3)}B==`],
    ['that is a number', 5],
    ['that is null', null],
    ['that is a list', [record]],
  ])('with base64 %s is refused', async (_, value) => {
    const { status, error } = await send('POST', '/api/devices', JSON.stringify({ device_record: value }))
    expect([status, error.code, error.field]).toEqual([400, 'validation_failed', 'device_record'])
  })

  test('with a NUL, a lone surrogate or another script in a name is refused', async () => {
    for (const name of ['bo\u0000b', 'bob\ud800', 'bób', 'b', 'x'.repeat(51), "bob'; --"]) {
      const body = JSON.stringify({ receiver_username: name })
      const { status, error } = await send('POST', '/api/connection/request', body)
      expect([status, error.field]).toEqual([400, 'receiver_username'])
      const path = `/api/users/${encodeURIComponent(Buffer.from(name).toString())}/devices`
      expect((await alice.call('GET', path)).status).toBe(400)
    }
  })
})

test('a device id that is none is refused in a path and in a list', async () => {
  for (const id of ['0', '-1', '4294967296', '1.5', '1e3', 'abc', '%00', '9999999999999999999']) {
    expect([id, (await alice.call('DELETE', `/api/devices/${id}`)).status]).toEqual([id, 400])
    expect([id, (await alice.call('GET', `/api/devices/${id}/prekeys`)).status]).toEqual([id, 400])
  }
  for (const ids of [[0], [1.5], ['1'], [], Array(65).fill(1), [4_294_967_296]]) {
    const { status } = await alice.call('POST', `/api/users/${bob.username}/bundles`, { device_ids: ids })
    expect([ids.length, status]).toEqual([ids.length, 400])
  }
})

test('a query that does not fit is refused', async () => {
  for (const query of [
    'limit=0',
    'limit=101',
    'limit=x',
    'cursor=',
    'cursor=%00',
    'query=a%25',
    'other=1',
    'limit=1&limit=2',
  ]) {
    expect([query, (await alice.call('GET', `/api/users/available?${query}`)).status]).toEqual([query, 400])
  }
})

const bytesOf = ({ min, max }: { readonly min: number; readonly max: number }) =>
  fc.uint8Array({ minLength: min, maxLength: max }).map(encodeBase64)

test('any JSON at all gets a 4xx or a proper answer from every route, and the service goes on', async () => {
  const fields = ['device_record', 'prekeys', 'device_ids', 'receiver_username', 'handshake', 'request_id', 'accept']
  const value = fc.oneof(
    fc.json().map(text => JSON.parse(text)),
    fc.uint8Array({ maxLength: 64 }).map(encodeBase64),
    bytesOf(recordBytes.device),
    bytesOf(recordBytes.request),
    bytesOf(recordBytes.response),
    fc.constantFrom(bob.username, newId(), true, -0, 1e308, '\u0000', '\ud800', '__proto__'),
  )
  const body = fc.dictionary(fc.oneof(fc.constantFrom(...fields, 'blocked', 'toString'), fc.string()), value)
  await fc.assert(
    fc.asyncProperty(fc.nat(routes().length - 1), body, async (index, json) => {
      const [method, path] = routes()[index] ?? ['POST', '/']
      const { status } = await send(method, path, JSON.stringify(json))
      expect(status).toBeLessThan(500)
    }),
    { numRuns: 300 },
  )
  expect((await alice.call('GET', '/api/devices')).status).toBe(200)
})
