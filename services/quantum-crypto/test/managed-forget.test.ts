import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ManagedUser } from './support/managed-user.js'
import { createPostOffice } from './support/post-office.js'
import { startDevices, type TestDevices } from './support/start-devices.js'

let devices: TestDevices

beforeAll(async () => {
  devices = await startDevices()
})
afterAll(() => devices.close())

describe('forgetting a message', () => {
  it('deletes what was opened of it, for this user alone', async () => {
    const alice = await ManagedUser.create(devices)
    const bob = await ManagedUser.create(devices)
    const office = createPostOffice()
    office.join(alice, bob)
    office.post(bob, await bob.begin(alice, alice.bundle(), 'forget me'))
    await alice.read([bob])
    await bob.read([alice])
    const message_id = bob.mailbox[0]?.messageId ?? ''
    expect(await devices.run(alice.userId, 'forget_message', { message_id })).toEqual({ forgotten: true })
    expect(await devices.run(alice.userId, 'forget_message', { message_id })).toEqual({ forgotten: false })
    expect(await alice.texts([bob])).toEqual([])
    expect(await bob.texts([alice])).toEqual(['forget me'])
  })
})
