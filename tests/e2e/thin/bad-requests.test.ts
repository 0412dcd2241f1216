import { newId } from '@qsm/server-kit'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Answer, Person } from '../../../services/message/test/support/person.js'
import { connect, startThinService, type ThinService } from '../../support/thin-service.js'

let service: ThinService
/** Alice and Bob have a session; Carol knows nobody. */
let alice: Person
let bob: Person
let carol: Person

beforeAll(async () => {
  service = await startThinService()
  alice = await service.person('alice')
  bob = await service.person('bob')
  carol = await service.person('carol')
  await connect(alice, bob)
}, 60_000)
afterAll(() => service.close())

const ask = (who: Person, receiver_username: string) =>
  who.call('POST', '/api/connection/request', { receiver_username })
const respond = (who: Person, request_id: string, accept = true) =>
  who.call('POST', '/api/connection/respond', { request_id, accept })
const send = (who: Person, body: object) => who.call('POST', '/api/message/send', { content: 'a text', ...body })

type Case = readonly [what: string, act: () => Promise<Answer>, status: number, code: string, text: RegExp]

const cases: readonly Case[] = [
  ['asking oneself', () => ask(alice, 'ALICE'), 400, 'validation_failed', /receiver_username: this is you/],
  ['asking nobody', () => ask(alice, 'nobody-here'), 404, 'not_found', /receiver_username/],
  ['asking a name that is none', () => ask(alice, 'a b'), 400, 'validation_failed', /receiver_username/],
  [
    'answering a request that is answered',
    async () => {
      const { body } = await ask(alice, 'carol')
      expect((await respond(carol, body.request_id, false)).status).toBe(200)
      return respond(carol, body.request_id)
    },
    409,
    'already_answered',
    /answered before/,
  ],
  [
    'answering a request to somebody else',
    async () => respond(bob, (await ask(alice, 'carol')).body.request_id),
    404,
    'not_found',
    /no such request/,
  ],
  [
    'answering an own request',
    async () => respond(alice, (await ask(alice, 'carol')).body.request_id),
    404,
    'not_found',
    /no such request/,
  ],
  ['answering no request', () => respond(bob, newId()), 404, 'not_found', /no such request/],
  ['answering what is no id', () => respond(bob, 'an id'), 400, 'validation_failed', /request_id/],
  ['sending to oneself', () => send(alice, { recipient: 'alice' }), 400, 'validation_failed', /recipient: this is you/],
  ['sending to nobody', () => send(alice, { recipient: 'nobody-here' }), 404, 'not_found', /recipient/],
  ['sending to a stranger', () => send(alice, { recipient: 'carol' }), 403, 'not_connected', /connection\/request/],
  [
    'sending to whoever without a session',
    () => send(carol, {}),
    400,
    'validation_failed',
    /recipient: .*no open session/,
  ],
  ['sending nothing', () => send(alice, { content: '' }), 400, 'validation_failed', /content/],
  ['sending too much', () => send(alice, { content: 'x'.repeat(65_537) }), 400, 'validation_failed', /content.*65536/],
  [
    'sending half a character',
    () => send(alice, { content: '\ud800' }),
    400,
    'validation_failed',
    /content.*surrogate/,
  ],
  ['sending of an unknown type', () => send(alice, { message_type: 'loud' }), 400, 'validation_failed', /message_type/],
  [
    'sending under what is no id',
    () => send(alice, { client_message_id: 'x' }),
    400,
    'validation_failed',
    /client_message_id/,
  ],
  [
    'acknowledging beyond what came',
    () => alice.call('POST', '/api/messages/ack', { up_to: 1_000 }),
    400,
    'validation_failed',
    /up_to: at most 0/,
  ],
  [
    'acknowledging before anything can have come',
    async () => (await service.person()).call('POST', '/api/messages/ack', { up_to: 1 }),
    400,
    'validation_failed',
    /up_to: at most 0/,
  ],
  ['deleting no message', () => alice.call('DELETE', `/api/message/${newId()}`), 404, 'not_found', /.+/],
  [
    "deleting somebody else's message",
    async () => {
      const { body } = await send(alice, { recipient: 'bob' })
      return carol.call('DELETE', `/api/message/${body.message_id}`)
    },
    404,
    'not_found',
    /.+/,
  ],
  [
    'the session with oneself',
    () => alice.call('GET', '/api/session/status?peer=alice'),
    400,
    'validation_failed',
    /peer/,
  ],
  [
    'the session with nobody',
    () => alice.call('GET', '/api/session/status?peer=nobody-here'),
    404,
    'not_found',
    /peer/,
  ],
  [
    'ending a session that there is not',
    () => alice.call('POST', '/api/session/terminate', { peer: 'carol' }),
    404,
    'not_found',
    /no session with carol/,
  ],
  [
    'ending the session with oneself',
    () => alice.call('POST', '/api/session/terminate', { peer: 'alice' }),
    400,
    'validation_failed',
    /peer: this is you/,
  ],
  [
    'removing a device of somebody else',
    async () =>
      carol.call('DELETE', `/api/devices/${(await alice.call('GET', '/api/devices')).body.devices[0].device_id}`),
    404,
    'not_found',
    /.+/,
  ],
]

describe('a thin client that asks for what cannot be is told the field and the reason', () => {
  it.each(cases)('%s', async (_, act, status, code, text) => {
    const answer = await act()
    expect([answer.status, answer.body.error.code]).toEqual([status, code])
    expect(answer.body.error.message).toMatch(text)
  })

  it('sending to whoever with several sessions lists them', async () => {
    const [dave, ...others] = [await service.person(), await service.person(), await service.person()]
    for (const other of others) await connect(other, dave)
    const { status, body } = await send(dave, {})
    expect([status, body.error.code, body.error.field]).toEqual([400, 'validation_failed', 'recipient'])
    for (const { username } of others) expect(body.error.message).toContain(username)
  })

  it('answering after expiry, and a session that has expired with its token', async () => {
    const { body } = await ask(alice, 'carol')
    service.clock.advance(15 * 86_400_000)
    const again = service.renewed(carol)
    const answer = await again.call('POST', '/api/connection/respond', { request_id: body.request_id, accept: true })
    expect([answer.status, answer.body.error.code]).toEqual([404, 'not_found'])
    expect((await carol.call('GET', '/api/messages')).status).toBe(401)
  })
})

describe('a session of an end-to-end device', () => {
  it.each([
    ['a readable send', 'POST', '/api/message/send', { content: 'a text' }],
    ['the status of a session', 'GET', '/api/session/status?peer=bob', undefined],
    ['the end of a session', 'POST', '/api/session/terminate', { peer: 'bob' }],
  ])('is told that %s is for thin clients', async (_, method, path, body) => {
    const dave = await service.person()
    await dave.withDevice()
    const answer = await dave.call(method, path, body)
    expect([answer.status, answer.body.error.code]).toEqual([409, 'conflict'])
    expect(answer.body.error.message).toContain('end-to-end device')
  })
})
