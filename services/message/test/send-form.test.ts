import { randomBytes } from 'node:crypto'
import { decodeBase64, encodeBase64, limits } from '@qsm/contract'
import { newId } from '@qsm/server-kit'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Conversation, makeParty, openConversation, type Party, type SendBody } from './support/conversation.js'
import { startMessage, type TestMessage } from './support/start-message.js'

let message: TestMessage
let alice: Party
let bob: Party
let toAlice: Conversation
let good: SendBody
let envelope: Uint8Array

beforeAll(async () => {
  message = await startMessage()
  alice = await makeParty(await message.person())
  bob = await makeParty(await message.person())
  toAlice = await openConversation(message.algorithms, alice, bob)
  good = await toAlice.seal('a text of more than one block '.repeat(12))
  envelope = decodeBase64(good.envelopes[0] ?? '')
})
afterAll(() => message.close())

const send = (body: object) => bob.person.call('POST', '/api/message/send', body)
const withEnvelope = (bytes: Uint8Array) => ({ ...good, envelopes: [encodeBase64(bytes)] })

describe('an envelope', () => {
  test.each([
    ['0', () => new Uint8Array(0)],
    ['1', () => Uint8Array.of(1)],
    ['the least less one', () => envelope.slice(0, limits.minEnvelopeBytes - 1)],
    ['the most and one', () => new Uint8Array(limits.maxEnvelopeBytes + 1).fill(1)],
  ])('of %s bytes is refused by its length, which is named', async (_, bytes) => {
    const { status, body } = await send(withEnvelope(bytes()))
    expect([status, body.error.code, body.error.field]).toEqual([400, 'validation_failed', 'envelopes[0]'])
    expect(body.error.message).toMatch(/1228|98304/)
  })

  test.each([
    ['one byte less', () => envelope.slice(0, -1)],
    ['one byte more', () => Uint8Array.of(...envelope, 0)],
    ['twice the bytes', () => Uint8Array.of(...envelope, ...envelope)],
    ['a signature less', () => Uint8Array.of(...envelope.slice(0, -730), ...envelope.slice(0, 730).fill(0))],
    [
      'no Falcon part',
      () => Uint8Array.of(...envelope.slice(0, -730), ...envelope.slice(-64), ...envelope.slice(-666)),
    ],
    [
      '256 bytes of text more than it says',
      () => Uint8Array.of(...envelope.slice(0, -730), ...randomBytes(256), ...envelope.slice(-730)),
    ],
    ['90 000 zeros behind its header', () => Uint8Array.of(...envelope.slice(0, 226), ...new Uint8Array(90_000))],
    ['an unknown flag', () => envelope.with(4, 0x10)],
    ['the flags of blocks that are not there', () => envelope.with(4, 0x0b)],
    ['an unknown type', () => envelope.with(3, 3)],
    ['suite 2', () => envelope.with(2, 2)],
    ['a length of the ciphertext beyond its end', () => envelope.with(222, 0xff)],
    ['a sentAt beyond 2^53', () => envelope.with(77, 0xff)],
  ])('with %s is refused like every other that does not hold', async (_, bytes) => {
    const { status, body } = await send(withEnvelope(bytes() as Uint8Array))
    expect([status, body.error.code]).toEqual([422, 'envelope_refused'])
  })

  test.each([
    ['without padding', (text: string) => text.replace(/=+$/, '').slice(0, -1)],
    ['in the URL alphabet', (text: string) => `-_${text.slice(2)}`],
    ['with a line break', (text: string) => `${text.slice(0, 76)}\n${text.slice(77)}`],
    ['that is a number', () => 7],
    ['that is null', () => null],
  ])('in base64 %s is refused, and the field is named', async (_, spoil) => {
    const { status, body } = await send({ ...good, envelopes: [spoil(good.envelopes[0] ?? '')] })
    expect([status, body.error.code, body.error.field]).toEqual([400, 'validation_failed', 'envelopes[0]'])
  })
})

describe('a send', () => {
  test.each<[string, object, string]>([
    ['no envelopes', { envelopes: [] }, 'envelopes'],
    ['65 envelopes', { envelopes: Array(65).fill('AAAA') }, 'envelopes'],
    ['envelopes that are no list', { envelopes: 'AAAA' }, 'envelopes'],
    ['an id that is none', { client_message_id: 'abc' }, 'client_message_id'],
    ['an id of version 4', { client_message_id: '01890a5d-ac96-474b-bcce-b302099a8057' }, 'client_message_id'],
    ['an id with a NUL', { client_message_id: `${newId().slice(0, -1)}\u0000` }, 'client_message_id'],
    ['a body under its least', { body: encodeBase64(new Uint8Array(limits.minBodyApartBytes - 1)) }, 'body'],
    ['a body that is null', { body: null }, 'body'],
    ['a field too many', { priority: 1 }, 'priority'],
  ])('with %s is refused, and the field is named', async (_, spoiled, field) => {
    const { status, body } = await send({ ...good, ...spoiled })
    expect([status, body.error.code]).toEqual([400, 'validation_failed'])
    expect(`${body.error.field} ${body.error.message}`).toContain(field)
  })

  test('over 4 MiB is refused before it is read', async () => {
    const { status, body } = await send({ ...good, body: 'A'.repeat(limits.maxSendBodyBytes) })
    expect([status, body.error.code]).toEqual([413, 'body_too_large'])
    expect(body.error.message).toContain(String(limits.maxSendBodyBytes))
  })

  test('to the sender itself, or to one device twice, says which is too many', async () => {
    const own = await (await openConversation(message.algorithms, bob, alice)).seal()
    const toOneself = await bob.person.call('POST', '/api/message/send', own)
    expect([toOneself.status, toOneself.body.error.code]).toEqual([403, 'forbidden'])
    const twice = await toAlice.seal()
    const answer = await send({ ...twice, envelopes: [twice.envelopes[0], twice.envelopes[0]] })
    const extra = [{ user_id: alice.person.userId, device_id: alice.device.deviceId }]
    expect([answer.status, answer.body.missing, answer.body.extra]).toEqual([409, [], extra])
  })

  test('that is right in every way is stored after all that, alone', async () => {
    expect((await send(good)).status).toBe(201)
    const rows = await message.context.database.query('SELECT 1 FROM message.entry')
    expect(rows).toHaveLength(1)
  })
})
