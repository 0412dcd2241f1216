import { encodeBase64 } from '@qsm/contract'
import { newId } from '@qsm/server-kit'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ask, connections, newSide, pending, respond, type Side } from './support/connect.js'
import { startMessage, type TestMessage } from './support/start-message.js'

let message: TestMessage

beforeAll(async () => {
  message = await startMessage()
})

afterAll(() => message.close())

const dayMs = 86_400_000

const side = () => newSide(message)

describe('asking for a connection', () => {
  test('shows the request to the receiver, and "requested" to both', async () => {
    const [alice, bob] = [await side(), await side()]
    const { status, body, request, requestId } = await ask(alice, bob)
    expect(status).toBe(201)
    expect(body).toMatchObject({ status: 'sent', receiver: bob.person.username })
    expect(Date.parse(body.expires_at)).toBe(message.clock.now() + 14 * dayMs)
    expect(await pending(bob.person)).toMatchObject([
      {
        request_id: requestId,
        sender_id: alice.person.userId,
        sender_username: alice.person.username,
        handshake: encodeBase64(request),
        sender_public_keys: null,
      },
    ])
    expect(await pending(alice.person)).toEqual([])
    expect(await connections(alice.person)).toMatchObject([{ state: 'requested', request_id: requestId }])
    expect(await connections(bob.person)).toMatchObject([{ state: 'requested', peer_user_id: alice.person.userId }])
  })

  test('hands public keys that were given beside it on as they are', async () => {
    const [alice, bob] = [await side(), await side()]
    const keys = { ml_kem_768: encodeBase64(new Uint8Array(1184).fill(7)), ecdsa_p256: '-----BEGIN PUBLIC KEY-----' }
    const { status } = await alice.person.call('POST', '/api/connection/request', {
      receiver_username: bob.person.username,
      handshake: encodeBase64((await alice.device.request(bob.person.userId)).bytes),
      sender_public_keys: keys,
    })
    expect(status).toBe(201)
    expect((await pending(bob.person))[0]?.sender_public_keys).toEqual(keys)
  })

  test('again with the same record gives the same answer and asks once', async () => {
    const [alice, bob] = [await side(), await side()]
    const { body, request } = await ask(alice, bob)
    const form = { receiver_username: bob.person.username, handshake: encodeBase64(request) }
    const answers = await Promise.all(
      Array.from({ length: 5 }, () => alice.person.call('POST', '/api/connection/request', form)),
    )
    for (const answer of answers) expect(answer).toEqual({ status: 201, body })
    expect(await pending(bob.person)).toHaveLength(1)
  })

  test('under an id that was used for another record is 409, whoever used it', async () => {
    const [alice, bob, carol] = [await side(), await side(), await side()]
    const requestId = newId()
    await ask(alice, bob, { requestId })
    for (const asker of [alice, carol]) {
      const { status, body } = await ask(asker, bob, { requestId })
      expect([status, body.error.code]).toEqual([409, 'conflict'])
    }
  })

  test('of oneself is 400, of somebody unknown 404', async () => {
    const alice = await side()
    const own = await ask(alice, alice)
    expect([own.status, own.body.error.field]).toEqual([400, 'receiver_username'])
    const { status, body } = await alice.person.call('POST', '/api/connection/request', {
      receiver_username: 'nobody-at-all',
      handshake: encodeBase64((await alice.device.request(newId())).bytes),
    })
    expect([status, body.error.field]).toEqual([404, 'receiver_username'])
  })

  test('without a handshake is for thin clients: an end-to-end device makes the Request itself', async () => {
    const [alice, bob] = [await side(), await side()]
    const { status, body } = await alice.person.call('POST', '/api/connection/request', {
      receiver_username: bob.person.username,
    })
    expect([status, body.error.code, body.error.field]).toEqual([400, 'validation_failed', 'handshake'])
  })

  test('more than ten times without an answer is 409', async () => {
    const [alice, bob] = [await side(), await side()]
    const statuses = []
    for (let round = 0; round < 11; round += 1) statuses.push((await ask(alice, bob)).status)
    expect(statuses).toEqual([...Array(10).fill(201), 409])
  })
})

describe('a request is refused', () => {
  const refusal = async (change: (alice: Side, bob: Side, carol: Side) => Promise<Uint8Array>) => {
    const [alice, bob, carol] = [await side(), await side(), await side()]
    const { status, body } = await alice.person.call('POST', '/api/connection/request', {
      receiver_username: bob.person.username,
      handshake: encodeBase64(await change(alice, bob, carol)),
    })
    expect(await pending(bob.person)).toEqual([])
    return { status, ...body.error }
  }

  test('that names another sender, device or receiver', async () => {
    const sender = await refusal(async (_, bob, carol) => (await carol.device.request(bob.person.userId)).bytes)
    expect([sender.status, sender.field]).toEqual([403, 'handshake'])
    const device = await refusal(async (alice, bob) => {
      const other = await alice.person.drawDevice()
      await alice.person.login().bind(other)
      return (await other.request(bob.person.userId)).bytes
    })
    expect(device.status).toBe(403)
    const receiver = await refusal(async (alice, _, carol) => (await alice.device.request(carol.person.userId)).bytes)
    expect([receiver.status, receiver.message]).toEqual([422, 'handshake: a request is for another user.'])
  })

  test('whose record has another key than the registered device', async () => {
    const error = await refusal(async (alice, bob) => {
      const forged = await alice.person.drawDevice({ device: alice.device.deviceId })
      return (await forged.request(bob.person.userId)).bytes
    })
    expect([error.status, error.message]).toEqual([422, 'The record or its signature was refused.'])
  })

  test('whose reqId is no UUID of version 7', async () => {
    const requestId = '01890a5d-ac96-474b-bcce-b302099a8057'
    const error = await refusal(
      async (alice, bob) => (await alice.device.request(bob.person.userId, { requestId })).bytes,
    )
    expect([error.status, error.code]).toEqual([422, 'record_refused'])
    expect(error.message).toContain('version 7')
  })

  test('with a bit changed in its signature or in what it signs', async () => {
    for (const fromEnd of [1, 400, 740, 2_500]) {
      const error = await refusal(async (alice, bob) => {
        const bytes = (await alice.device.request(bob.person.userId)).bytes.slice()
        bytes[bytes.length - fromEnd] = (bytes[bytes.length - fromEnd] ?? 0) ^ 1
        return bytes
      })
      expect([error.status, error.code]).toEqual([422, 'record_refused'])
    }
  })

  test('from a session without a device', async () => {
    const [alice, bob] = [await side(), await side()]
    const { status, body } = await alice.person.login().call('POST', '/api/connection/request', {
      receiver_username: bob.person.username,
      handshake: encodeBase64((await alice.device.request(bob.person.userId)).bytes),
    })
    expect([status, body.error.code]).toEqual([403, 'device_required'])
  })
})

describe('answering a request', () => {
  test('opens the connection, and the device that asked gets the Response for 14 days', async () => {
    const [alice, bob] = [await side(), await side()]
    const { request, requestId } = await ask(alice, bob)
    const response = await bob.device.respond(request)
    expect(await respond(bob.person, requestId, true, response)).toEqual({
      status: 200,
      body: { status: 'accepted', peer_username: alice.person.username },
    })
    expect(await pending(bob.person)).toEqual([])
    const open = { state: 'open', request_id: requestId }
    expect(await connections(alice.person)).toMatchObject([{ ...open, handshake: encodeBase64(response) }])
    expect((await connections(alice.person.login()))[0]).not.toHaveProperty('handshake')
    const other = alice.person.login()
    await other.bind(await alice.person.drawDevice())
    expect((await connections(other))[0]).not.toHaveProperty('handshake')
    expect((await connections(bob.person))[0]).not.toHaveProperty('handshake')
    expect(await connections(bob.person)).toMatchObject([open])
  })

  test('with no closes what was asked', async () => {
    const [alice, bob] = [await side(), await side()]
    const { requestId } = await ask(alice, bob)
    expect((await respond(bob.person, requestId, false)).body).toMatchObject({ status: 'rejected' })
    expect(await connections(alice.person)).toMatchObject([{ state: 'rejected' }])
    expect(await connections(bob.person)).toMatchObject([{ state: 'rejected' }])
    expect(await pending(bob.person)).toEqual([])
    expect((await ask(alice, bob)).status).toBe(201)
    expect(await connections(alice.person)).toMatchObject([{ state: 'requested' }])
  })

  test('counts once, also when 20 answers come at once on two pods', async () => {
    const pod = await message.secondPod()
    const [alice, bob] = [await side(), await side()]
    const { request, requestId } = await ask(alice, bob)
    const responses = await Promise.all(Array.from({ length: 10 }, () => bob.device.respond(request)))
    const logins = [bob.person, pod.as(bob.person)]
    const answers = await Promise.all([
      ...responses.map((response, at) => respond(logins[at % 2] ?? bob.person, requestId, true, response)),
      ...responses.map((_, at) => respond(logins[at % 2] ?? bob.person, requestId, false)),
    ])
    expect(answers.filter(answer => answer.status === 200)).toHaveLength(1)
    const late = answers.filter(answer => answer.status !== 200)
    expect(late.map(({ status, body }) => [status, body.error.code])).toEqual(Array(19).fill([409, 'already_answered']))
    const first = answers.findIndex(answer => answer.status === 200)
    const [row] = await connections(alice.person)
    const kept = first < 10 ? encodeBase64(responses[first] as Uint8Array) : undefined
    expect([row?.state, row?.handshake]).toEqual([first < 10 ? 'open' : 'rejected', kept])
    await pod.close()
  })

  test('of somebody else or of nobody is 404 alike', async () => {
    const [alice, bob, carol] = [await side(), await side(), await side()]
    const { requestId } = await ask(alice, bob)
    const foreign = await respond(carol.person, requestId, false)
    const own = await respond(alice.person, requestId, false)
    const absent = await respond(carol.person, newId(), false)
    expect([foreign.status, own.status, absent.status]).toEqual([404, 404, 404])
    expect(new Set([foreign, own, absent].map(answer => answer.body.error.message)).size).toBe(1)
    expect(await pending(bob.person)).toHaveLength(1)
  })

  test('takes the Response to exactly this request, by the device that sends it', async () => {
    const [alice, bob] = [await side(), await side()]
    const { request, requestId } = await ask(alice, bob)
    const other = await ask(alice, bob)
    const missing = await respond(bob.person, requestId, true)
    expect([missing.status, missing.body.error.field]).toEqual([400, 'handshake'])
    const wrong = await respond(bob.person, requestId, true, await bob.device.respond(other.request))
    expect([wrong.status, wrong.body.error.code]).toEqual([422, 'record_refused'])
    const second = bob.person.login()
    const device = await bob.person.drawDevice()
    await second.bind(device)
    expect((await respond(bob.person, requestId, true, await device.respond(request))).status).toBe(403)
    const unbound = await respond(bob.person.login(), requestId, true, await device.respond(request))
    expect(unbound.body.error.code).toBe('device_required')
    const damaged = (await bob.device.respond(request)).slice()
    damaged[120] = (damaged[120] ?? 0) ^ 1
    expect((await respond(bob.person, requestId, true, damaged)).status).toBe(422)
    const forged = await bob.person.drawDevice({ device: bob.device.deviceId })
    const pinned = await respond(bob.person, requestId, true, await forged.respond(request))
    expect([pinned.status, pinned.body.error.message]).toEqual([422, 'The record or its signature was refused.'])
    expect((await respond(second, requestId, true, await device.respond(request))).status).toBe(200)
  })
})

describe('requests that cross', () => {
  test('are both shown and can both be accepted; each device finds its own Response', async () => {
    const [alice, bob] = [await side(), await side()]
    const [one, two] = await Promise.all([ask(alice, bob), ask(bob, alice)])
    expect([one.status, two.status]).toEqual([201, 201])
    const byBob = await bob.device.respond(one.request)
    const byAlice = await alice.device.respond(two.request)
    expect((await respond(bob.person, one.requestId, true, byBob)).status).toBe(200)
    expect(await pending(alice.person)).toMatchObject([{ request_id: two.requestId }])
    expect((await respond(alice.person, two.requestId, true, byAlice)).status).toBe(200)
    expect(await connections(alice.person)).toMatchObject([
      { state: 'open', request_id: one.requestId, handshake: encodeBase64(byBob) },
    ])
    expect(await connections(bob.person)).toMatchObject([
      { state: 'open', request_id: two.requestId, handshake: encodeBase64(byAlice) },
    ])
  })

  test('stay open when one of them is rejected afterwards, and wait when one is rejected first', async () => {
    const [alice, bob] = [await side(), await side()]
    const one = await ask(alice, bob)
    const two = await ask(bob, alice)
    await respond(bob.person, one.requestId, false)
    expect(await connections(alice.person)).toMatchObject([{ state: 'requested' }])
    await respond(alice.person, two.requestId, true, await alice.device.respond(two.request))
    const three = await ask(alice, bob)
    expect(await connections(alice.person)).toMatchObject([{ state: 'open' }])
    await respond(bob.person, three.requestId, false)
    expect(await connections(alice.person)).toMatchObject([{ state: 'open' }])
  })
})

describe('a request that has expired', () => {
  test('is shown nowhere, cannot be answered, and is deleted', async () => {
    const [alice, bob] = [await side(), await side()]
    const { request, requestId } = await ask(alice, bob, { lifeMs: 60_000 })
    const response = await bob.device.respond(request)
    message.clock.advance(60_000)
    expect(await pending(bob.person)).toEqual([])
    expect(await connections(alice.person)).toEqual([])
    expect(await connections(bob.person)).toEqual([])
    for (const accept of [true, false]) {
      expect((await respond(bob.person, requestId, accept, response)).status).toBe(404)
    }
    await message.runJobs()
    const rows = await message.context.database.query(
      'SELECT 1 FROM message.connection_request WHERE request_id = $1',
      [requestId],
    )
    expect(rows).toEqual([])
  })

  test('takes its answer along 14 days after that', async () => {
    const [alice, bob] = [await side(), await side()]
    const { request, requestId } = await ask(alice, bob)
    message.clock.advance(60_000)
    await respond(bob.person, requestId, true, await bob.device.respond(request))
    message.clock.advance(14 * dayMs - 1)
    const later = message.renewed(alice.person)
    await message.runJobs()
    expect((await connections(later))[0]).toHaveProperty('handshake')
    message.clock.advance(1)
    expect((await connections(later))[0]).not.toHaveProperty('handshake')
    await message.runJobs()
    expect(await connections(later)).toMatchObject([{ state: 'open' }])
  })
})
