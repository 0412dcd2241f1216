import { decodeBase64, encodeBase64 } from '@qsm/contract'
import { newId } from '@qsm/server-kit'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import {
  type Conversation,
  makeParty,
  openConversation,
  type Party,
  type SendBody,
  unconnected,
} from './support/conversation.js'
import { startMessage, type TestMessage } from './support/start-message.js'

let message: TestMessage
let alice: Party
let bob: Party
let toAlice: Conversation

beforeAll(async () => {
  message = await startMessage()
})
afterAll(() => message.close())
beforeEach(async () => {
  alice = await makeParty(await message.person())
  bob = await makeParty(await message.person())
  toAlice = await openConversation(message.algorithms, alice, bob)
})

const send = (party: Party, body: SendBody | object) => party.person.call('POST', '/api/message/send', body)
const read = async (party: Party, query = '') => (await party.person.call('GET', `/api/messages${query}`)).body

/** A body with one bit of its envelope changed at `offset` (negative counts from the end). */
const flipped = (body: SendBody, offset: number): SendBody => {
  const bytes = decodeBase64(body.envelopes[0] ?? '')
  const at = offset < 0 ? bytes.length + offset : offset
  bytes[at] = (bytes[at] ?? 0) ^ 1
  return { ...body, envelopes: [encodeBase64(bytes)] }
}

describe('a send', () => {
  it('is stored once, numbered from 1 without gaps, and read in order', async () => {
    for (const sequence of [1, 2, 3]) {
      const body = await toAlice.seal(`text ${sequence}`)
      const answer = await send(bob, body)
      expect(answer).toMatchObject({
        status: 201,
        body: {
          message_id: body.client_message_id,
          devices: [{ user_id: alice.person.userId, device_id: alice.device.deviceId, sequence }],
        },
      })
    }
    const page = await read(alice, '?limit=2')
    expect(page).toMatchObject({ more: true, next: 2 })
    const rest = await read(alice, '?after=2')
    expect(rest).toMatchObject({ more: false, next: 3 })
    expect(rest.messages.map((one: { sequence: number }) => one.sequence)).toEqual([3])
  })

  it('gives the first answer again, whatever has changed since, and stores nothing new', async () => {
    const body = await toAlice.seal()
    const first = await send(bob, body)
    await bob.person.call('POST', `/api/connections/${alice.person.username}/block`)
    message.clock.advance(7_200_000)
    const renewed = message.renewed(bob.person)
    await renewed.bind(bob.device)
    const second = await renewed.call('POST', '/api/message/send', body)
    expect(second).toMatchObject({ status: 201, body: first.body })
    expect(
      (await message.context.database.query('SELECT 1 FROM message.entry WHERE user_id = $1', [alice.person.userId]))
        .length,
    ).toBe(1)
  })

  it('with the same id and another body is a conflict', async () => {
    const body = await toAlice.seal()
    await send(bob, body)
    const other = await toAlice.seal('another', { messageId: body.client_message_id })
    expect(await send(bob, other)).toMatchObject({ status: 409, body: { error: { code: 'idempotency_conflict' } } })
  })

  it('that comes many times at once on two pods is stored once, with one answer for all', async () => {
    const pod = await message.secondPod()
    const other = pod.as(bob.person)
    for (let round = 0; round < 20; round += 1) {
      const body = await toAlice.seal(`round ${round}`)
      const answers = await Promise.all([
        send(bob, body),
        other.call('POST', '/api/message/send', body),
        send(bob, body),
      ])
      for (const answer of answers) expect(answer).toEqual(answers[0])
      expect(answers[0]?.status).toBe(201)
    }
    const page = await read(alice, '?limit=100')
    expect(page.messages.map((one: { sequence: number }) => one.sequence)).toEqual(
      Array.from({ length: 20 }, (_, index) => index + 1),
    )
    await pod.close()
  })

  it.each([
    ['its signature', -5],
    ['its Falcon part', -500],
    ['its ciphertext', 300],
    ['its session id', 6],
    ['its number', 92],
  ])('is refused alike when a bit of %s is flipped', async (_, offset) => {
    const body = await toAlice.seal()
    const answer = await send(bob, flipped(body, offset))
    expect(answer).toMatchObject({ status: 422, body: { error: { code: 'envelope_refused' } } })
    expect((await send(bob, body)).status).toBe(201)
  })

  it('that repeats a number of its session under another id is refused', async () => {
    const session = toAlice
    const body = await session.seal()
    await send(bob, body)
    // The same envelope cannot pass under another id, since its id is signed; a rolled-back client makes a true repeat.
    const again = { ...body, client_message_id: newId() }
    expect(await send(bob, again)).toMatchObject({ status: 422, body: { error: { code: 'envelope_refused' } } })
  })

  it('without a connection is refused before its signature is looked at', async () => {
    const carol = await makeParty(await message.person())
    const strange = await unconnected(message.algorithms, alice, carol)
    const answer = await send(carol, flipped(await strange.seal(), -5))
    expect(answer).toMatchObject({ status: 403, body: { error: { code: 'not_connected' } } })
  })

  it('of somebody else is refused', async () => {
    const answer = await send(alice, await toAlice.seal())
    expect(answer).toMatchObject({ status: 403, body: { error: { code: 'forbidden' } } })
  })

  it('to a blocked or blocking user is refused', async () => {
    await alice.person.call('POST', `/api/connections/${bob.person.username}/block`)
    expect(await send(bob, await toAlice.seal())).toMatchObject({ status: 403, body: { error: { code: 'blocked' } } })
  })

  it('sealed more than 24 hours ago or more than 5 minutes ahead is refused', async () => {
    for (const offset of [-86_500_000, 400_000]) {
      const shifted = { ...message.algorithms, now: () => message.clock.now() + offset }
      const answer = await send(bob, await toAlice.seal('late', { algorithms: shifted }))
      expect(answer).toMatchObject({ status: 422, body: { error: { code: 'envelope_refused' } } })
    }
  })

  it('tells which devices are missing and which are too many, and stores nothing', async () => {
    const second = await alice.person.drawDevice()
    const login = alice.person.login()
    expect((await login.bind(second)).status).toBe(201)
    const answer = await send(bob, await toAlice.seal())
    const missing = [{ user_id: alice.person.userId, device_id: second.deviceId }]
    expect(answer).toMatchObject({
      status: 409,
      body: { error: { code: 'device_mismatch', missing, extra: [] }, missing, extra: [] },
    })
    await alice.person.call('DELETE', `/api/devices/${alice.device.deviceId}`)
    await login.call('DELETE', `/api/devices/${second.deviceId}`)
    const gone = await send(bob, await toAlice.seal())
    expect(gone.body.extra).toEqual([{ user_id: alice.person.userId, device_id: alice.device.deviceId }])
  })

  it('of a session without a device says what to do', async () => {
    const login = bob.person.login()
    const answer = await login.call('POST', '/api/message/send', await toAlice.seal())
    expect(answer).toMatchObject({ status: 403, body: { error: { code: 'device_required' } } })
  })
})

describe('a started connection', () => {
  it('takes 20 envelopes a device until the other side answers, then says so', async () => {
    const carol = await makeParty(await message.person())
    const dave = await makeParty(await message.person())
    const prekeys = [encodeBase64(await dave.device.prekey(1, 1))]
    await dave.person.call('PUT', `/api/devices/${dave.device.deviceId}/prekeys`, { prekeys })
    expect((await carol.person.call('POST', `/api/users/${dave.person.username}/bundles`)).body.bundles).toHaveLength(1)
    const toDave = await unconnected(message.algorithms, dave, carol)
    for (let count = 0; count < 20; count += 1) expect((await send(carol, await toDave.seal())).status).toBe(201)
    expect(await send(carol, await toDave.seal())).toMatchObject({
      status: 403,
      body: { error: { code: 'not_answered' } },
    })
    const toCarol = await unconnected(message.algorithms, carol, dave)
    expect((await send(dave, await toCarol.seal())).status).toBe(201)
    expect((await send(carol, await toDave.seal())).status).toBe(201)
  })
})

describe('a mailbox', () => {
  it('forgets what is acknowledged, and refuses numbers it has not given', async () => {
    for (let count = 0; count < 3; count += 1) await send(bob, await toAlice.seal())
    const acknowledge = (up_to: number) => alice.person.call('POST', '/api/messages/ack', { up_to })
    expect((await acknowledge(2)).status).toBe(204)
    expect((await read(alice)).messages.map((one: { sequence: number }) => one.sequence)).toEqual([3])
    expect((await acknowledge(1)).status).toBe(204)
    expect(await acknowledge(4)).toMatchObject({ status: 400, body: { error: { field: 'up_to' } } })
    expect(await read(alice)).toMatchObject({ next: 3, more: false })
  })

  it('keeps its numbers without gap, and in one order for all readers, under parallel sends and a held lock', async () => {
    const pod = await message.secondPod()
    const senders = await Promise.all(
      Array.from({ length: 6 }, async (_, index) => {
        const party = await makeParty(await message.person())
        const talk = await openConversation(message.algorithms, alice, party)
        const bodies: SendBody[] = []
        for (let count = 0; count < 15; count += 1) bodies.push(await talk.seal(`${index}/${count}`))
        return { login: index % 2 === 0 ? party.person : pod.as(party.person), bodies }
      }),
    )
    const seen: number[] = []
    let cursor = 0
    let reading = true
    const reader = (async () => {
      while (reading || seen.length < 90) {
        const page = await read(alice, `?after=${cursor}&limit=20`)
        for (const { sequence } of page.messages) seen.push(sequence)
        cursor = page.next
      }
    })()
    const holder = message.context.database.transaction(async query => {
      await query('SELECT 1 FROM message.mailbox WHERE user_id = $1 FOR UPDATE', [alice.person.userId])
      await query('SELECT pg_sleep(0.3)')
    })
    await Promise.all(
      senders.map(async ({ login, bodies }) => {
        for (const body of bodies) expect((await login.call('POST', '/api/message/send', body)).status).toBe(201)
      }),
    )
    await holder
    reading = false
    await reader
    expect(seen).toEqual(Array.from({ length: 90 }, (_, index) => index + 1))
    await pod.close()
  }, 60_000)

  it('gives a message up when its owner deletes it', async () => {
    const body = await toAlice.seal()
    await send(bob, body)
    const path = `/api/message/${body.client_message_id}`
    expect((await bob.person.call('DELETE', path)).status).toBe(404)
    expect((await alice.person.call('DELETE', path)).status).toBe(204)
    expect((await read(alice)).messages).toEqual([])
  })
})
