import { encodeBase64, limits } from '@qsm/contract'
import { createMetrics } from '@qsm/server-kit'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { createDevices } from '../src/devices/devices.js'
import { Arrivals } from '../src/mailbox/arrivals.js'
import { createSend } from '../src/send/send.js'
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

const send = (body: SendBody) => message.renewed(bob.person).call('POST', '/api/message/send', body)
const refused = { status: 422, body: { error: { code: 'envelope_refused' } } }
const hourMs = 3_600_000
const bodyApart = encodeBase64(new Uint8Array(limits.minBodyApartBytes))

describe('what was sent before', () => {
  test('is known for 25 hours by its id, so that no envelope passes twice within its time', async () => {
    const ahead = { ...message.algorithms, now: () => message.clock.now() + limits.sentAtFutureMs }
    const body = await toAlice.seal('a text', { algorithms: ahead })
    const first = await send(body)
    expect(first.status).toBe(201)
    message.clock.advance(24 * hourMs)
    await message.runJobs()
    expect(await send(body)).toEqual(first)
    message.clock.advance(hourMs + 1)
    await message.runJobs()
    expect(await send(body)).toMatchObject(refused)
  })

  test('is known for 25 hours by its number in the session, whatever id a rolled-back client gives it', async () => {
    const rolledBack = () => toAlice.seal('a text', { advances: false })
    expect((await send(await rolledBack())).status).toBe(201)
    message.clock.advance(25 * hourMs)
    await message.runJobs()
    expect(await send(await rolledBack())).toMatchObject(refused)
    message.clock.advance(1)
    await message.runJobs()
    expect((await send(await rolledBack())).status).toBe(201)
  })

  test('is told apart where two of one number come at the same moment: one is stored', async () => {
    const both = await Promise.all([0, 1].map(() => toAlice.seal('a text', { advances: false })))
    const statuses = (await Promise.all(both.map(send))).map(answer => answer.status)
    expect(statuses.toSorted()).toEqual([201, 422])
  })

  test('does not fail the others of its flush', async () => {
    const again = await toAlice.seal('a text', { advances: false })
    const good = await Promise.all(
      Array.from({ length: 4 }, async () => {
        const party = await makeParty(await message.person())
        const talk = await openConversation(message.algorithms, alice, party)
        return { party, body: await talk.seal() }
      }),
    )
    const repeats = [again, await toAlice.seal('a text', { advances: false })]
    const answers = await Promise.all([
      ...repeats.map(send),
      ...good.map(({ party, body }) => party.person.call('POST', '/api/message/send', body)),
    ])
    expect(answers.map(answer => answer.status).toSorted()).toEqual([201, 201, 201, 201, 201, 422])
    const page = await message.renewed(alice.person).call('GET', '/api/messages')
    expect(page.body.messages.map((one: { sequence: number }) => one.sequence)).toEqual([1, 2, 3, 4, 5])
  })

  test('keeps its id as long as its body is kept', async () => {
    const body = { ...(await toAlice.seal()), body: bodyApart }
    expect((await send(body)).status).toBe(201)
    message.clock.advance(26 * hourMs)
    await message.runJobs()
    const again = await toAlice.seal('another', { messageId: body.client_message_id })
    expect(await send({ ...again, body: bodyApart })).toMatchObject({
      status: 409,
      body: { error: { code: 'idempotency_conflict' } },
    })
  })
})

test('the last envelope before an answer, sent on two pods at once, gets one answer and is stored once', async () => {
  const pod = await message.secondPod()
  const [carol, dave] = [await makeParty(await message.person()), await makeParty(await message.person())]
  await dave.person.call('PUT', `/api/devices/${dave.device.deviceId}/prekeys`, {
    prekeys: [encodeBase64(await dave.device.prekey(1, 1))],
  })
  await carol.person.call('POST', `/api/users/${dave.person.username}/bundles`)
  const toDave = await unconnected(message.algorithms, dave, carol)
  for (let count = 1; count < limits.startedEnvelopesPerDevice; count += 1) {
    expect((await carol.person.call('POST', '/api/message/send', await toDave.seal())).status).toBe(201)
  }
  const last = await toDave.seal()
  const answers = await Promise.all(
    [carol.person, pod.as(carol.person), carol.person].map(login => login.call('POST', '/api/message/send', last)),
  )
  for (const answer of answers) expect(answer).toEqual(answers[0])
  expect(answers[0]).toMatchObject({ status: 201, body: { devices: [{ sequence: limits.startedEnvelopesPerDevice }] } })
  const next = await carol.person.call('POST', '/api/message/send', await toDave.seal())
  expect(next.body.error.code).toBe('not_answered')
  await pod.close()
})

test('Falcon is not asked where ECDSA has refused already', async () => {
  const { context } = message
  const asked: string[] = []
  const { signer, classical } = context.verifier
  const verifier = {
    ...context.verifier,
    signer: {
      ...signer,
      verify: (...given: Parameters<typeof signer.verify>) => {
        asked.push('Falcon')
        return signer.verify(...given)
      },
    },
    classical: {
      ...classical,
      ecdsaVerify: (...given: Parameters<typeof classical.ecdsaVerify>) => {
        asked.push('ECDSA')
        return classical.ecdsaVerify(...given)
      },
    },
  }
  const metrics = createMetrics()
  const devices = createDevices(context)
  const direct = createSend(
    { ...context, verifier },
    { devices, arrivals: new Arrivals() },
    {
      sends: metrics.counter({ name: 'sends', help: 'Sends.' }),
      refused: metrics.counter({ name: 'refused', help: 'Refused.', labelNames: ['cause'] }),
      flushSize: metrics.histogram({ name: 'flush', help: 'Flush.', buckets: [1] }),
    },
  )
  const body = await toAlice.seal()
  const envelope = Buffer.from(body.envelopes[0] ?? '', 'base64')
  const request = (bytes: Uint8Array) => ({
    sender: { userId: bob.person.userId, deviceId: bob.device.deviceId },
    messageId: body.client_message_id,
    envelopes: [new Uint8Array(bytes)],
    body: null,
  })
  const last = envelope.length - 1
  await expect(direct(request(envelope.with(last, (envelope[last] ?? 0) ^ 1)))).rejects.toMatchObject({
    code: 'envelope_refused',
  })
  expect(asked).toEqual(['ECDSA'])
  await direct(request(envelope))
  expect(asked).toEqual(['ECDSA', 'ECDSA', 'Falcon'])
  devices.stop()
})
