import { decodeBase64 } from '@qsm/contract'
import { acceptDeviceRecord, acceptPrekey, decodeDeviceRecord, decodePrekey, prekeySupply } from '@qsm/protocol'
import { idFromBytes, newId, QsmError } from '@qsm/server-kit'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { EndToEnd } from './support/end-to-end.js'
import { ManagedUser } from './support/managed-user.js'
import { openDevices } from './support/open-devices.js'
import { createPostOffice } from './support/post-office.js'
import { startDevices, type TestDevices } from './support/start-devices.js'

let devices: TestDevices

beforeAll(async () => {
  devices = await startDevices()
})
afterAll(() => devices.close())

const ensure = (userId: string, unusable: number[] = []) =>
  devices.run(userId, 'ensure_device', { unusable_device_ids: unusable })
const recordOf = (text: string) => decodeDeviceRecord(decodeBase64(text))
const rowsOf = async (table: string, userId: string): Promise<number> => {
  const [row] = await devices.database.query<{ count: number }>(
    `SELECT count(*)::int AS count FROM crypto.${table} WHERE user_id = $1`,
    [userId],
  )
  return row?.count ?? -1
}

describe('the managed device of a user', () => {
  it('is made once, says in its record that it is managed, and shows a newer record each time', async () => {
    const userId = newId()
    const first = await ensure(userId)
    const second = await ensure(userId)
    expect([first.is_new, second.is_new]).toEqual([true, false])
    const [one, other] = [recordOf(first.device_record), recordOf(second.device_record)]
    await acceptDeviceRecord(devices.algorithms, one)
    await acceptDeviceRecord(devices.algorithms, other, { pinned: one })
    expect(one).toMatchObject({ managed: true, device: first.device_id, expiresAt: 0 })
    expect(idFromBytes(one.user)).toBe(userId)
    // The clock stands still.
    expect(other.createdAt).toBeGreaterThan(one.createdAt)
  })

  it('is one, even where ten calls in two processes make it at once, and no two records are of one time', async () => {
    const userId = newId()
    // Both have drawn keys before one of them has stored any.
    let drawing = 0
    let bothHaveDrawn = () => {}
    const barrier = new Promise<void>(resolve => {
      bothHaveDrawn = resolve
    })
    const { signer } = devices.algorithms
    const generateKeyPair = async () => {
      drawing += 1
      if (drawing === 2) bothHaveDrawn()
      await barrier
      return signer.generateKeyPair()
    }
    const algorithms = { ...devices.algorithms, signer: { ...signer, generateKeyPair } }
    const processes = await Promise.all(
      [1, 2].map(() => openDevices(devices.databaseUrl, devices.kek, devices.clock, { algorithms })),
    )
    try {
      const made = await Promise.all(
        processes.flatMap(each =>
          Array.from({ length: 5 }, () => each.run(userId, 'ensure_device', { unusable_device_ids: [] })),
        ),
      )
      expect(drawing).toBe(2)
      expect(new Set(made.map(one => one.device_id)).size).toBe(1)
      expect(made.filter(one => one.is_new)).toHaveLength(1)
      expect(new Set(made.map(one => recordOf(one.device_record).createdAt)).size).toBe(10)
      expect(await rowsOf('device', userId)).toBe(1)
    } finally {
      await Promise.all(processes.map(each => each.close()))
    }
  })

  it('is made anew, with other keys and nothing of the old one, where its id cannot be used', async () => {
    const alice = await ManagedUser.create(devices)
    const bob = await EndToEnd.create(devices.algorithms)
    await alice.begin(bob, await bob.bundle())
    const before = { id: alice.deviceId, record: recordOf(alice.recordText()) }
    expect(await alice.ensure([before.id])).toBe(true)
    expect(alice.deviceId).not.toBe(before.id)
    expect(recordOf(alice.recordText()).identityKey).not.toEqual(before.record.identityKey)
    for (const table of ['peer', 'prekey', 'outbox'])
      expect([table, await rowsOf(table, alice.userId)]).toEqual([table, 0])
    expect(await alice.ensure([before.id])).toBe(false)
  })

  it('goes with all its keys when it is destroyed; what needs it then says that there is none', async () => {
    const alice = await ManagedUser.create(devices)
    const bob = await EndToEnd.create(devices.algorithms)
    await alice.begin(bob, await bob.bundle())
    await devices.run(alice.userId, 'destroy_device', {})
    for (const table of ['device', 'peer', 'prekey', 'outbox']) expect(await rowsOf(table, alice.userId)).toBe(0)
    await expect(alice.text([bob], 'gone')).rejects.toMatchObject({ code: 'device_required' })
    await expect(alice.read([bob])).rejects.toMatchObject({ code: 'device_required' })
    await expect(devices.run(alice.userId, 'list_session_peers', {})).rejects.toMatchObject({ code: 'device_required' })
    await devices.run(alice.userId, 'destroy_device', {})
    expect(await alice.ensure()).toBe(true)
  })
})

describe('prekeys of a managed device', () => {
  it('are signed by it, and no id is used twice, over calls at once in two processes too', async () => {
    const alice = await ManagedUser.create(devices, { prekeys: 0 })
    const other = await devices.second()
    try {
      const made = await Promise.all(
        [devices, other, devices].map((each, index) =>
          each.run(alice.userId, 'make_prekeys', { one_time: 12, last_resort: index === 0 }),
        ),
      )
      const prekeys = made.flatMap(one => one.prekeys).map(text => decodePrekey(decodeBase64(text)))
      expect(prekeys).toHaveLength(37)
      expect(new Set(prekeys.map(prekey => prekey.id)).size).toBe(37)
      expect(prekeys.filter(prekey => prekey.kind === 2)).toHaveLength(1)
      const owner = recordOf(alice.recordText())
      for (const prekey of prekeys) {
        await acceptPrekey(devices.algorithms, prekey, owner)
        expect(prekey.notAfter).toBe(devices.clock.now() + prekeySupply.maxLifeMs)
      }
      const stored = await devices.database.query<{ prekey_id: string }>(
        'SELECT prekey_id FROM crypto.prekey WHERE user_id = $1 ORDER BY prekey_id',
        [alice.userId],
      )
      expect(stored.map(row => Number(row.prekey_id))).toEqual(prekeys.map(prekey => prekey.id).sort((a, b) => a - b))
    } finally {
      await other.close()
    }
  })

  it('are stored before they leave: where the database refuses them none is returned', async () => {
    const alice = await ManagedUser.create(devices, { prekeys: 0 })
    await devices.database.query(
      `CREATE FUNCTION crypto.refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'no room'; END $$`,
    )
    await devices.database.query(
      'CREATE TRIGGER refuse BEFORE INSERT ON crypto.prekey FOR EACH ROW EXECUTE FUNCTION crypto.refuse()',
    )
    try {
      const made = devices.run(alice.userId, 'make_prekeys', { one_time: 2, last_resort: false })
      await expect(made).rejects.toThrow('no room')
    } finally {
      await devices.database.query('DROP FUNCTION crypto.refuse CASCADE')
    }
    const { prekeys } = await devices.run(alice.userId, 'make_prekeys', { one_time: 1, last_resort: false })
    expect(prekeys.map(text => decodePrekey(decodeBase64(text)).id)).toEqual([1])
  })

  it('are all kept or none, where signing has too much to do for some of them', async () => {
    const alice = await ManagedUser.create(devices, { prekeys: 0 })
    const { signer, kem } = devices.algorithms
    let signed = 0
    const drawn: Uint8Array[] = []
    const algorithms = {
      ...devices.algorithms,
      kem: {
        ...kem,
        async generateKeyPair() {
          const pair = await kem.generateKeyPair()
          drawn.push(pair.secretKey)
          return pair
        },
      },
      signer: {
        ...signer,
        async sign(secretKey: Uint8Array, message: Uint8Array) {
          signed += 1
          if (signed === 3) throw new QsmError('unavailable')
          return signer.sign(secretKey, message)
        },
      },
    }
    const busy = await openDevices(devices.databaseUrl, devices.kek, devices.clock, { algorithms })
    try {
      const made = busy.run(alice.userId, 'make_prekeys', { one_time: 5, last_resort: false })
      await expect(made).rejects.toMatchObject({ code: 'unavailable' })
    } finally {
      await busy.close()
    }
    expect(await rowsOf('prekey', alice.userId)).toBe(0)
    expect(drawn.length).toBe(5)
    expect(drawn.filter(key => key.some(byte => byte !== 0)).length).toBe(1)
    const { prekeys } = await devices.run(alice.userId, 'make_prekeys', { one_time: 1, last_resort: false })
    expect(prekeys.map(text => decodePrekey(decodeBase64(text)).id)).toEqual([1])
  })

  it('of one time open one session; the private half is gone then', async () => {
    const alice = await ManagedUser.create(devices, { prekeys: 1 })
    const [bob, carol] = [await EndToEnd.create(devices.algorithms), await EndToEnd.create(devices.algorithms)]
    const office = createPostOffice()
    office.join(alice, bob, carol)
    const bundle = alice.bundle()
    await bob.start(alice, bundle)
    await carol.start(alice, bundle)
    office.post(bob, [await bob.text(alice, 'from bob')])
    const read = await alice.read([bob])
    expect(read.used_prekeys).toBe(1)
    expect(await rowsOf('prekey', alice.userId)).toBe(0)
    office.post(carol, [await carol.text(alice, 'from carol')])
    expect(await alice.texts([bob, carol])).toEqual(['from bob'])
  })

  it('of last resort open sessions of several, also after the next one took its place, and none twice', async () => {
    const alice = await ManagedUser.create(devices, { prekeys: 0 })
    const lastResort = async () =>
      (await devices.run(alice.userId, 'make_prekeys', { one_time: 0, last_resort: true })).prekeys[0]
    const first = alice.bundle(await lastResort())
    const second = alice.bundle(await lastResort())
    const office = createPostOffice()
    office.join(alice)
    const people = await Promise.all(Array.from({ length: 3 }, () => EndToEnd.create(devices.algorithms)))
    const opening: string[] = []
    for (const [index, person] of people.entries()) {
      office.join(person)
      await person.start(alice, index === 2 ? second : first)
      const sent = await person.text(alice, `text ${index}`)
      opening.push(sent.envelopes[0] ?? '')
      office.post(person, [sent])
    }
    const read = await alice.read(people)
    expect(read.messages.map(message => message.content)).toEqual(['text 0', 'text 1', 'text 2'])
    expect(read.used_prekeys).toBe(0)
    expect(await rowsOf('prekey', alice.userId)).toBe(2)
    // The sessions are ended; a first envelope that comes again, under another message id even, begins none.
    await devices.run(alice.userId, 'end_sessions', { peer_user_id: people[0]?.userId ?? '' })
    const [repeated] = people
    if (!repeated) throw new Error('nobody')
    alice.deliver({
      messageId: newId(),
      senderUserId: repeated.userId,
      senderDeviceId: repeated.deviceId,
      envelope: opening[0] ?? '',
      body: null,
      isNote: false,
    })
    await alice.read(people)
    const status = await devices.run(alice.userId, 'session_status', { peer_user_id: repeated.userId })
    expect(status.active).toBe(false)
    const reasons = await devices.database.query<{ reason: string }>(
      'SELECT reason FROM crypto.quarantine WHERE user_id = $1',
      [alice.userId],
    )
    expect(reasons).toEqual([{ reason: 'begun_before' }])
  })
})
