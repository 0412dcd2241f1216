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

describe('a managed device and an end-to-end client', () => {
  it('talk in both directions after the client has begun by a prekey', async () => {
    const alice = await ManagedUser.create(devices)
    const bob = await EndToEnd.create(devices.algorithms)
    const office = createPostOffice()
    office.join(alice, bob)
    await bob.start(alice, alice.bundle())
    office.post(bob, [await bob.text(alice, 'hello alice')])
    expect(await alice.texts([bob])).toEqual(['hello alice'])
    office.post(alice, await alice.text([bob], 'hello bob'))
    expect((await bob.listen()).map(heard => heard.text)).toEqual(['hello bob'])
    expect(await alice.texts([bob])).toEqual(['hello alice', 'hello bob'])
  })

  it('talk after the managed device has begun by a prekey', async () => {
    const alice = await ManagedUser.create(devices)
    const bob = await EndToEnd.create(devices.algorithms)
    const office = createPostOffice()
    office.join(alice, bob)
    expect((await alice.seal([bob], 'early')).missing).toEqual([{ user_id: bob.userId, device_id: bob.deviceId }])
    office.post(alice, await alice.begin(bob, await bob.bundle()))
    expect((await bob.listen()).map(heard => heard.text)).toEqual(['first'])
    office.post(bob, [await bob.text(alice, 'an answer')])
    expect(await alice.texts([bob])).toEqual(['first', 'an answer'])
  })

  it('talk after the client has asked and the device has answered', async () => {
    const alice = await ManagedUser.create(devices)
    const bob = await EndToEnd.create(devices.algorithms)
    const office = createPostOffice()
    office.join(alice, bob)
    const request = await bob.request(alice.userId)
    const answered = await devices.run(alice.userId, 'answer_request', { request, from_record: bob.recordText() })
    await bob.complete(answered.response)
    office.post(alice, await alice.text([bob], 'you asked'))
    expect((await bob.listen()).map(heard => heard.text)).toEqual(['you asked'])
    office.post(bob, [await bob.text(alice, 'I did')])
    expect(await alice.texts([bob])).toEqual(['you asked', 'I did'])
  })

  it('talk after the device has asked: what comes before the answer was taken waits for it', async () => {
    const alice = await ManagedUser.create(devices)
    const bob = await EndToEnd.create(devices.algorithms)
    const office = createPostOffice()
    office.join(alice, bob)
    const { handshake } = await devices.run(alice.userId, 'make_request', { to_user_id: bob.userId })
    const response = await bob.answer(handshake)
    office.post(bob, [await bob.text(alice, 'you are welcome')])
    const waiting = await alice.read([bob], { responses_complete: false })
    expect(waiting).toMatchObject({ opened_up_to: 0, messages: [], wants_responses: true })
    const { messages } = await alice.read([bob], { responses: [response] })
    expect(messages.map(message => message.content)).toEqual(['you are welcome'])
    office.post(alice, await alice.text([bob], 'thanks'))
    expect((await bob.listen()).map(heard => heard.text)).toEqual(['thanks'])
  })
})
