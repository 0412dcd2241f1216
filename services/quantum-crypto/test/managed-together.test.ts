import { newId } from '@qsm/server-kit'
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { EndToEnd } from './support/end-to-end.js'
import { ManagedUser } from './support/managed-user.js'
import { createPostOffice } from './support/post-office.js'
import { startDevices, type TestDevices } from './support/start-devices.js'

let devices: TestDevices

beforeAll(async () => {
  devices = await startDevices()
})
afterAll(() => devices.close())
afterEach(() => vi.restoreAllMocks())

/** A managed user with a session with an end-to-end one. */
const pair = async () => {
  const alice = await ManagedUser.create(devices)
  const bob = await EndToEnd.create(devices.algorithms)
  const office = createPostOffice()
  office.join(alice, bob)
  office.post(alice, await alice.begin(bob, await bob.bundle()))
  await bob.listen()
  const hear = async () => (await bob.listen()).map(({ text }) => text)
  const say = async (text: string) => office.post(alice, await alice.text([bob], text))
  return { alice, bob, say, hear }
}
/** One after the other: what is made at the same time has a turn of the event loop too long for the statements of the others. */
const pairs = async (count: number) => {
  const made: Awaited<ReturnType<typeof pair>>[] = []
  while (made.length < count) made.push(await pair())
  return made
}

describe('users who seal at the same time', () => {
  it('share one transaction, and each envelope opens', async () => {
    const all = await pairs(6)
    const transactions = vi.spyOn(devices.database, 'transaction')
    await Promise.all(all.map(({ say }, index) => say(`of ${index}`)))
    expect(transactions).toHaveBeenCalledTimes(1)
    await Promise.all(all.map(({ say }) => say('once more')))
    for (const [index, { hear }] of all.entries()) expect(await hear()).toEqual([`of ${index}`, 'once more'])
  })

  it('do not meet what is refused to another', async () => {
    const [conflicting, without, goneDevice, ...fine] = await pairs(5)
    if (!conflicting || !without || !goneDevice) throw new Error('there are five')
    const clientMessageId = newId()
    await conflicting.alice.text([conflicting.bob], 'first under this id', { clientMessageId })
    await devices.run(goneDevice.alice.userId, 'destroy_device', {})
    const stranger = await EndToEnd.create(devices.algorithms)
    const results = await Promise.allSettled([
      conflicting.alice.text([conflicting.bob], 'another under this id', { clientMessageId }),
      without.alice.seal([stranger], 'to somebody without a session'),
      goneDevice.say('of a device that is gone'),
      ...fine.map(({ say }) => say('fine')),
    ])
    expect(results).toMatchObject([
      { reason: { code: 'idempotency_conflict' } },
      { value: { missing: [{ user_id: stranger.userId }], sends: [] } },
      { reason: { code: 'device_required' } },
      { status: 'fulfilled' },
      { status: 'fulfilled' },
    ])
    for (const { hear } of fine) expect(await hear()).toEqual(['fine'])
  })

  it('do not wait for one whose device another process has locked', async () => {
    const [held, free] = await pairs(2)
    if (!held || !free) throw new Error('there are two')
    let isHeldDone = false
    const other = await devices.second()
    let saying = Promise.resolve()
    await other.database.transaction(async query => {
      await query('SELECT 1 FROM crypto.device WHERE user_id = $1 FOR UPDATE', [held.alice.userId])
      saying = held.say('late').then(() => {
        isHeldDone = true
      })
      await free.say('at once')
      expect(isHeldDone).toBe(false)
    })
    await saying
    await other.close()
    expect([await held.hear(), await free.hear()]).toEqual([['late'], ['at once']])
  })

  it('get their envelopes where the state of one cannot be stored, and that one gets none', async () => {
    const [broken, fine] = await pairs(2)
    if (!broken || !fine) throw new Error('there are two')
    await devices.database.query(
      `CREATE FUNCTION crypto.refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'refused'; END $$`,
    )
    await devices.database.query(
      `CREATE TRIGGER refuse BEFORE UPDATE ON crypto.peer FOR EACH ROW
       WHEN (OLD.user_id = '${broken.alice.userId}') EXECUTE FUNCTION crypto.refuse()`,
    )
    const results = await Promise.allSettled([broken.say('never'), fine.say('fine')])
    await devices.database.query('DROP FUNCTION crypto.refuse() CASCADE')
    expect(results.map(({ status }) => status)).toEqual(['rejected', 'fulfilled'])
    await broken.say('goes on')
    expect([await broken.hear(), await fine.hear()]).toEqual([['goes on'], ['fine']])
  })

  it('do not wait for one who seals for many devices, which is done by itself', async () => {
    const [many, fine] = await pairs(2)
    if (!many || !fine) throw new Error('there are two')
    const { alice, bob } = many
    const others = Array.from({ length: 16 }, (_, index) => ({ ...bob, userId: bob.userId, deviceId: index + 100 }))
    const input = alice.sealInput([bob], 'to many')
    const record = bob.recordText()
    const devicesOf = others.map(({ userId, deviceId }) => ({ user_id: userId, device_id: deviceId, record }))
    const transactions = vi.spyOn(devices.database, 'transaction')
    await Promise.allSettled([
      devices.run(alice.userId, 'seal', { ...input, devices: [...input.devices, ...devicesOf] }),
      fine.say('fine'),
    ])
    expect(transactions).toHaveBeenCalledTimes(2)
    expect(await fine.hear()).toEqual(['fine'])
  })

  it('are sealed for one by one where a statement for all of them takes too long', async () => {
    const both = await pairs(2)
    const transaction = devices.database.transaction.bind(devices.database)
    const transactions = vi.spyOn(devices.database, 'transaction').mockImplementationOnce(work =>
      transaction(async query => {
        await work(query)
        await query("SELECT set_config('statement_timeout', '20', true)")
        await query('SELECT pg_sleep(5)')
        throw new Error('the statement was not ended')
      }),
    )
    await Promise.all(both.map(({ say }) => say('all the same')))
    expect(transactions).toHaveBeenCalledTimes(3)
    for (const { hear } of both) expect(await hear()).toEqual(['all the same'])
  })

  it('are told their own refusal without a second try', async () => {
    const [conflicting, fine] = await pairs(2)
    if (!conflicting || !fine) throw new Error('there are two')
    const clientMessageId = newId()
    await conflicting.alice.text([conflicting.bob], 'first under this id', { clientMessageId })
    const transactions = vi.spyOn(devices.database, 'transaction')
    const again = conflicting.alice.text([conflicting.bob], 'another under this id', { clientMessageId })
    await Promise.all([expect(again).rejects.toMatchObject({ code: 'idempotency_conflict' }), fine.say('fine')])
    expect(transactions).toHaveBeenCalledTimes(1)
  })
})
