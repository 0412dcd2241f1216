import { limits } from '@qsm/contract'
import { prekeySupply } from '@qsm/protocol'
import { newId } from '@qsm/server-kit'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { EndToEnd } from './support/end-to-end.js'
import { ManagedUser } from './support/managed-user.js'
import { createPostOffice } from './support/post-office.js'
import { startDevices, type TestDevices } from './support/start-devices.js'

let devices: TestDevices
const dayMs = 86_400_000

beforeEach(async () => {
  devices = await startDevices()
})
afterEach(() => devices.close())

const rows = async (table: string): Promise<number> => {
  const [row] = await devices.database.query<{ count: number }>(`SELECT count(*)::int AS count FROM crypto.${table}`)
  return row?.count ?? -1
}
const sizeOfState = async (): Promise<number> => {
  const [row] = await devices.database.query<{ size: number }>('SELECT length(state) AS size FROM crypto.peer')
  return row?.size ?? -1
}

/** Alice has heard of Bob by prekey. */
const pair = async () => {
  const alice = await ManagedUser.create(devices)
  const bob = await EndToEnd.create(devices.algorithms)
  const office = createPostOffice()
  office.join(alice, bob)
  await bob.start(alice, alice.bundle())
  return { alice, bob, office }
}

describe('what is over goes in its time, and not before', () => {
  it('of texts and quarantined entries: the days of retention', async () => {
    const { alice, bob, office } = await pair()
    office.post(bob, [await bob.text(alice, 'old')])
    alice.deliver({ ...(alice.mailbox[0] ?? expect.fail('nothing')), messageId: newId(), envelope: 'AAAA' })
    await alice.read([bob])
    devices.clock.advance(30 * dayMs - 1)
    office.post(bob, [await bob.text(alice, 'new')])
    await alice.read([bob])
    await devices.runJobs()
    expect([await rows('opened'), await rows('quarantine')]).toEqual([2, 1])
    devices.clock.advance(1)
    await devices.runJobs()
    expect([await rows('opened'), await rows('quarantine')]).toEqual([1, 0])
    expect(await alice.texts([bob])).toEqual(['new'])
  })

  it('of sealed sends: 25 hours', async () => {
    const { alice, bob, office } = await pair()
    office.post(bob, [await bob.text(alice, 'go')])
    await alice.read([bob])
    await alice.text([bob], 'sent')
    devices.clock.advance(limits.replayMemoryMs - 1)
    await devices.runJobs()
    expect(await rows('outbox')).toBe(1)
    devices.clock.advance(1)
    await devices.runJobs()
    expect(await rows('outbox')).toBe(0)
  })

  it('of prekeys: their notAfter, also of a last-resort one that another has replaced', async () => {
    const alice = await ManagedUser.create(devices, { prekeys: 2 })
    await devices.run(alice.userId, 'make_prekeys', { one_time: 0, last_resort: true })
    devices.clock.advance(prekeySupply.lastResortEveryMs)
    await devices.run(alice.userId, 'make_prekeys', { one_time: 0, last_resort: true })
    devices.clock.advance(prekeySupply.maxLifeMs - prekeySupply.lastResortEveryMs - 1)
    await devices.runJobs()
    expect(await rows('prekey')).toBe(4)
    devices.clock.advance(1)
    await devices.runJobs()
    expect(await rows('prekey')).toBe(1)
  })

  it('of requests and answers: fourteen days', async () => {
    const { alice, bob } = await pair()
    await devices.run(alice.userId, 'make_request', { to_user_id: bob.userId })
    const input = { request: await bob.request(alice.userId), from_record: bob.recordText() }
    await devices.run(alice.userId, 'answer_request', input)
    devices.clock.advance(limits.requestLifeMs - 1)
    await devices.runJobs()
    expect([await rows('request'), await rows('answer')]).toEqual([1, 1])
    devices.clock.advance(1)
    await devices.runJobs()
    expect([await rows('request'), await rows('answer')]).toEqual([0, 0])
  })

  it('of what was seen: later than any copy of it could come', async () => {
    const { alice, bob, office } = await pair()
    office.post(bob, [await bob.text(alice, 'seen')])
    await alice.read([bob])
    devices.clock.advance(45 * dayMs - 1)
    await devices.runJobs()
    expect(await rows('seen')).toBe(1)
    devices.clock.advance(1)
    await devices.runJobs()
    expect(await rows('seen')).toBe(0)
  })
})

describe('sessions', () => {
  it('lose the keys of envelopes that never came after 14 days, and archived sessions after 30', async () => {
    const { alice, bob, office } = await pair()
    for (let lost = 0; lost < 20; lost += 1) await bob.text(alice, 'lost on the way')
    office.post(bob, [await bob.text(alice, 'arrived')])
    await alice.read([bob])
    const withSkipped = await sizeOfState()
    devices.clock.advance(14 * dayMs - 1)
    await devices.runJobs()
    expect(await sizeOfState()).toBe(withSkipped)
    devices.clock.advance(1)
    await devices.runJobs()
    const tidied = await sizeOfState()
    expect(tidied).toBeLessThan(withSkipped - 20 * 32)

    devices.clock.advance(1)
    await bob.start(alice, alice.bundle())
    office.post(bob, [await bob.text(alice, 'anew')])
    await alice.read([bob])
    const withArchived = await sizeOfState()
    devices.clock.advance(30 * dayMs)
    await devices.runJobs()
    expect(await sizeOfState()).toBeLessThan(withArchived - 200)
    office.post(bob, [await bob.text(alice, 'still here')])
    expect((await alice.texts([bob])).at(-1)).toBe('still here')
  })

  it('of one user whose rows were damaged do not keep those of others from being tidied', async () => {
    const users = await Promise.all([1, 2, 3].map(() => ManagedUser.create(devices)))
    const bob = await EndToEnd.create(devices.algorithms)
    const office = createPostOffice()
    office.join(bob, ...users)
    for (const user of users) {
      await bob.start(user, user.bundle())
      await bob.text(user, 'lost on the way')
      office.post(bob, [await bob.text(user, 'arrived')])
      await user.read([bob])
    }
    const [damaged] = users.map(user => user.userId).sort()
    await devices.database.query(`UPDATE crypto.peer SET state = '\\x00' WHERE user_id = $1`, [damaged])
    devices.clock.advance(14 * dayMs)
    await devices.runJobs()
    const due = await devices.database.query<{ user_id: string }>(
      'SELECT user_id FROM crypto.peer WHERE tidy_at <= $1',
      [devices.clock.now()],
    )
    expect(due).toEqual([{ user_id: damaged }])
  })
})
