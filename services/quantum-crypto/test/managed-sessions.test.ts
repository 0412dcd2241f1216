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

const statusOf = (user: ManagedUser, peer: { readonly userId: string }) =>
  devices.run(user.userId, 'session_status', { peer_user_id: peer.userId })
const peersOf = async (user: ManagedUser) => (await devices.run(user.userId, 'list_session_peers', {})).peer_user_ids
const end = (user: ManagedUser, peer: { readonly userId: string }) =>
  devices.run(user.userId, 'end_sessions', { peer_user_id: peer.userId })

/** Two managed devices with a session that both have used. */
const talkers = async () => {
  const [alice, bob] = [await ManagedUser.create(devices), await ManagedUser.create(devices)]
  const office = createPostOffice()
  office.join(alice, bob)
  office.post(alice, await alice.begin(bob, bob.bundle()))
  await bob.read([alice])
  office.post(bob, await bob.text([alice], 'an answer'))
  await alice.read([bob])
  return { alice, bob, office }
}

describe('a session', () => {
  it('is told with its id and begin, by both sides alike, and only to whom it is with', async () => {
    const { alice, bob } = await talkers()
    const carol = await ManagedUser.create(devices)
    const [one, other] = [await statusOf(alice, bob), await statusOf(bob, alice)]
    expect(one).toEqual({
      active: true,
      session_id: expect.stringMatching(/^[0-9a-f]{32}$/),
      established_at: new Date(devices.clock.now()).toISOString(),
    })
    expect(other).toEqual(one)
    expect(await statusOf(alice, carol)).toEqual({ active: false, session_id: null, established_at: null })
    expect([await peersOf(alice), await peersOf(bob), await peersOf(carol)]).toEqual([[bob.userId], [alice.userId], []])
  })

  it('with an own device is none with a peer', async () => {
    const alice = await ManagedUser.create(devices)
    const own = await EndToEnd.create(devices.algorithms, alice.userId)
    const office = createPostOffice()
    office.join(alice, own)
    await own.start(alice, alice.bundle())
    office.post(own, [await own.text(alice, 'hello')])
    await alice.read([own])
    expect((await statusOf(alice, alice)).active).toBe(true)
    expect(await peersOf(alice)).toEqual([])
  })

  it('that ends is destroyed on both managed devices: nothing that was under way opens, on either side', async () => {
    const { alice, bob, office } = await talkers()
    office.post(bob, await bob.text([alice], 'too late'))
    office.post(alice, await alice.text([bob], 'too late as well'))
    expect(await end(alice, bob)).toEqual({ ended: 1 })
    expect(await end(alice, bob)).toEqual({ ended: 0 })
    expect([(await statusOf(alice, bob)).active, (await statusOf(bob, alice)).active]).toEqual([false, false])
    expect([await peersOf(alice), await peersOf(bob)]).toEqual([[], []])
    expect(await alice.texts([bob])).toEqual(['first', 'an answer', 'too late as well'])
    expect(await bob.texts([alice])).toEqual(['first', 'an answer', 'too late'])
    expect((await bob.seal([alice], 'no')).missing).toEqual([{ user_id: alice.userId, device_id: alice.deviceId }])
    office.post(alice, await alice.begin(bob, bob.bundle(), 'anew'))
    expect(await bob.texts([alice])).toEqual(['first', 'an answer', 'too late', 'anew'])
  })

  it('with an end-to-end device ends on this side alone; its pinned key stays', async () => {
    const alice = await ManagedUser.create(devices)
    const bob = await EndToEnd.create(devices.algorithms)
    await alice.begin(bob, await bob.bundle())
    expect(await end(alice, bob)).toEqual({ ended: 1 })
    const impostor = await EndToEnd.create(devices.algorithms, bob.userId, { device: bob.deviceId })
    await expect(alice.begin(impostor, await impostor.bundle())).rejects.toMatchObject({ code: 'record_refused' })
  })

  it('ends once where both sides end it at the same time, in two processes, while they also send', async () => {
    const second = await devices.second()
    try {
      for (let round = 0; round < 5; round += 1) {
        const { alice, bob } = await talkers()
        const results = await Promise.all([
          devices.run(alice.userId, 'end_sessions', { peer_user_id: bob.userId }),
          second.run(bob.userId, 'end_sessions', { peer_user_id: alice.userId }),
          devices.run(bob.userId, 'seal', bob.sealInput([alice], 'meanwhile')),
          second.run(alice.userId, 'seal', alice.sealInput([bob], 'meanwhile')),
        ])
        expect(results[0].ended + results[1].ended).toBe(1)
        expect((await statusOf(alice, bob)).active || (await statusOf(bob, alice)).active).toBe(false)
      }
    } finally {
      await second.close()
    }
  })
})
