import { decodeBase64, encodeBase64, limits } from '@qsm/contract'
import { acceptRequest, decodeRequest } from '@qsm/protocol'
import { idFromBytes, idToBytes, newId } from '@qsm/server-kit'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { EndToEnd } from './support/end-to-end.js'
import { ManagedUser } from './support/managed-user.js'
import { createPostOffice } from './support/post-office.js'
import { startDevices, type TestDevices } from './support/start-devices.js'

let devices: TestDevices

beforeAll(async () => {
  devices = await startDevices()
})
afterAll(() => devices.close())

const requestIdOf = (request: string) => idFromBytes(decodeRequest(decodeBase64(request)).requestId)
const answer = (alice: ManagedUser, request: string, asks: EndToEnd) =>
  devices.run(alice.userId, 'answer_request', { request, from_record: asks.recordText() })
const active = async (alice: ManagedUser, peer: EndToEnd) =>
  (await devices.run(alice.userId, 'session_status', { peer_user_id: peer.userId })).active

describe('a request of a managed device', () => {
  it('is signed by it, for fourteen days, and its private keys are kept until an answer was taken', async () => {
    const alice = await ManagedUser.create(devices)
    const bob = await EndToEnd.create(devices.algorithms)
    const asked = await devices.run(alice.userId, 'make_request', { to_user_id: bob.userId })
    const request = decodeRequest(decodeBase64(asked.handshake))
    await acceptRequest(devices.algorithms, request, idToBytes(bob.userId))
    expect(request.record.managed).toBe(true)
    expect(Date.parse(asked.expires_at)).toBe(devices.clock.now() + limits.requestLifeMs)
    const response = await bob.answer(asked.handshake)
    await alice.text([bob], 'taken', { responses: [response] })
    const left = await devices.database.query('SELECT 1 FROM crypto.request WHERE user_id = $1', [alice.userId])
    expect(left).toEqual([])
  })

  it('takes one answer: a second one, and one that was changed, begin nothing and hold up nothing', async () => {
    const alice = await ManagedUser.create(devices)
    const bob = await EndToEnd.create(devices.algorithms)
    const { handshake } = await devices.run(alice.userId, 'make_request', { to_user_id: bob.userId })
    const bytes = decodeBase64(await bob.answer(handshake))
    const changed = encodeBase64(bytes.with(200, (bytes[200] ?? 0) ^ 1))
    const refused = await alice.seal([bob], 'no', { responses: [changed] })
    expect(refused).toMatchObject({ missing: [{ user_id: bob.userId }], sends: [] })
    const [first] = await alice.text([bob], 'yes', { responses: [changed, encodeBase64(bytes)] })
    expect((await bob.open(first?.envelopes[0] ?? '')).text).toBe('yes')
    const before = await devices.run(alice.userId, 'session_status', { peer_user_id: bob.userId })
    await alice.text([bob], 'again', { responses: [encodeBase64(bytes)] })
    expect(await devices.run(alice.userId, 'session_status', { peer_user_id: bob.userId })).toEqual(before)
  })

  it('that expired is erased, and its answer is not taken any more', async () => {
    const alice = await ManagedUser.create(devices)
    const bob = await EndToEnd.create(devices.algorithms)
    const { handshake, request_id } = await devices.run(alice.userId, 'make_request', { to_user_id: bob.userId })
    const response = await bob.answer(handshake)
    devices.clock.advance(limits.requestLifeMs)
    await expect(alice.seal([bob], 'late', { responses: [response] })).resolves.toMatchObject({ sends: [] })
    const next = await devices.run(alice.userId, 'make_request', { to_user_id: bob.userId })
    const waiting = await devices.database.query<{ request_id: string }>(
      'SELECT request_id FROM crypto.request WHERE user_id = $1',
      [alice.userId],
    )
    expect(waiting).toEqual([{ request_id: next.request_id }])
    expect(next.request_id).not.toBe(request_id)
  })

  it('to the own user is refused', async () => {
    const alice = await ManagedUser.create(devices)
    const asked = devices.run(alice.userId, 'make_request', { to_user_id: alice.userId })
    await expect(asked).rejects.toMatchObject({ code: 'validation_failed', details: { field: 'to_user_id' } })
  })

  it('makes a send to its receiver wait until all answers are known', async () => {
    const alice = await ManagedUser.create(devices)
    const bob = await EndToEnd.create(devices.algorithms)
    await alice.begin(bob, await bob.bundle())
    const { handshake } = await devices.run(alice.userId, 'make_request', { to_user_id: bob.userId })
    expect(await alice.seal([bob], 'which session', { responsesComplete: false })).toEqual({
      wants_responses: true,
      missing: [],
      sends: [],
    })
    const response = await bob.answer(handshake)
    const { sends } = await alice.seal([bob], 'this one', { responses: [response] })
    expect((await bob.open(sends[0]?.envelopes[0] ?? '')).text).toBe('this one')
    const carol = await EndToEnd.create(devices.algorithms)
    const other = await alice.seal([carol], 'hello', { responsesComplete: false })
    expect(other).toMatchObject({ wants_responses: false, missing: [{ user_id: carol.userId }] })
  })
})

describe('an answer of a managed device', () => {
  it('is the same for the same request, for fourteen days, also from several calls at once', async () => {
    const alice = await ManagedUser.create(devices)
    const bob = await EndToEnd.create(devices.algorithms)
    const request = await bob.request(alice.userId)
    const second = await devices.second()
    try {
      const answers = await Promise.all([
        answer(alice, request, bob),
        answer(alice, request, bob),
        second.run(alice.userId, 'answer_request', { request, from_record: bob.recordText() }),
      ])
      expect(new Set(answers.map(one => one.response)).size).toBe(1)
      devices.clock.advance(limits.requestLifeMs - 1)
      expect(await answer(alice, request, bob)).toEqual(answers[0])
    } finally {
      await second.close()
    }
  })

  it('is refused to other bytes under the id of an answered request', async () => {
    const alice = await ManagedUser.create(devices)
    const bob = await EndToEnd.create(devices.algorithms)
    const request = await bob.request(alice.userId)
    await answer(alice, request, bob)
    const signedAnew = await bob.request(alice.userId, requestIdOf(request))
    await expect(answer(alice, signedAnew, bob)).rejects.toMatchObject({ code: 'already_answered' })
    const bytes = decodeBase64(request)
    const changed = encodeBase64(bytes.with(100, (bytes[100] ?? 0) ^ 1))
    await expect(answer(alice, changed, bob)).rejects.toMatchObject({ status: 409 })
  })

  it('that is abandoned takes its session along and is not made again', async () => {
    const alice = await ManagedUser.create(devices)
    const bob = await EndToEnd.create(devices.algorithms)
    const request = await bob.request(alice.userId)
    const request_id = requestIdOf(request)
    await answer(alice, request, bob)
    expect(await active(alice, bob)).toBe(true)
    await devices.run(alice.userId, 'abandon_answer', { request_id })
    expect(await active(alice, bob)).toBe(false)
    await devices.run(alice.userId, 'abandon_answer', { request_id })
    await expect(answer(alice, request, bob)).rejects.toMatchObject({ code: 'already_answered' })
  })

  it('is refused where the request is for somebody else, expired, forged, or not of the listed device', async () => {
    const alice = await ManagedUser.create(devices)
    const [bob, eve] = [await EndToEnd.create(devices.algorithms), await EndToEnd.create(devices.algorithms)]
    const refused = { code: 'record_refused', details: { field: 'request' } }
    await expect(answer(alice, await bob.request(newId()), bob)).rejects.toMatchObject(refused)
    const request = await bob.request(alice.userId)
    const bytes = decodeBase64(request)
    const forged = encodeBase64(bytes.with(bytes.length - 1, (bytes.at(-1) ?? 0) ^ 1))
    await expect(answer(alice, forged, bob)).rejects.toMatchObject(refused)
    await expect(answer(alice, request, eve)).rejects.toMatchObject({
      code: 'record_refused',
      details: { field: 'from_record' },
    })
    devices.clock.advance(limits.requestLifeMs)
    await expect(answer(alice, request, bob)).rejects.toMatchObject(refused)
    expect(await active(alice, bob)).toBe(false)
  })

  it('is refused to another key under a device id that was seen before', async () => {
    const alice = await ManagedUser.create(devices)
    const bob = await EndToEnd.create(devices.algorithms)
    const office = createPostOffice()
    office.join(alice, bob)
    await bob.start(alice, alice.bundle())
    office.post(bob, [await bob.text(alice, 'it is me')])
    await alice.read([bob])
    const impostor = await EndToEnd.create(devices.algorithms, bob.userId, { device: bob.deviceId })
    const asked = answer(alice, await impostor.request(alice.userId), impostor)
    await expect(asked).rejects.toMatchObject({ code: 'record_refused' })
    await expect(alice.seal([impostor], 'to whom')).rejects.toMatchObject({ code: 'record_refused' })
  })
})
