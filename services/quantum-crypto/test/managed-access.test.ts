import { decodeBase64, encodeControl, type ManagedOperationName, managedOperations } from '@qsm/contract'
import { decodeRequest } from '@qsm/protocol'
import { idFromBytes, newId } from '@qsm/server-kit'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { AtRestError } from '../src/at-rest/key-encryption-key.js'
import { EndToEnd } from './support/end-to-end.js'
import { listed, ManagedUser } from './support/managed-user.js'
import { createPostOffice } from './support/post-office.js'
import { startDevices, type TestDevices } from './support/start-devices.js'

let devices: TestDevices

beforeAll(async () => {
  devices = await startDevices()
})
afterAll(() => devices.close())

const tables = ['device', 'prekey', 'request', 'answer', 'peer', 'outbox', 'opened', 'seen', 'announced', 'quarantine']

/** Every row of a user, as it stands. */
const rowsOf = async (userId: string) => {
  const rows: Record<string, unknown> = {}
  for (const table of tables) {
    const found = await devices.database.query<{ row: string }>(
      `SELECT t::text AS row FROM crypto.${table} t WHERE user_id = $1 ORDER BY 1`,
      [userId],
    )
    rows[table] = found.map(({ row }) => row)
  }
  return rows
}

/** Alice with a row in every table but quarantine: talks with Bob, was asked by Carol, asks Dave. */
const busyUser = async () => {
  const alice = await ManagedUser.create(devices, { prekeys: 4 })
  const [bob, carol, dave] = await Promise.all([1, 2, 3].map(() => EndToEnd.create(devices.algorithms)))
  if (!bob || !carol || !dave) throw new Error('three were made')
  const office = createPostOffice()
  office.join(alice, bob)
  await bob.start(alice, alice.bundle())
  const critical = newId()
  const importance = encodeControl({ type: 'importance', importance: 'critical', message_id: critical })
  office.post(bob, [await bob.seal(alice.userId, [alice], { kind: 2, content: importance })])
  office.post(bob, [await bob.text(alice, 'for alice alone', critical)])
  await alice.read([bob])
  const clientMessageId = newId()
  office.post(alice, await alice.text([bob], 'by alice alone', { clientMessageId }))
  await alice.read([bob])
  const later = encodeControl({ type: 'importance', importance: 'critical', message_id: newId() })
  office.post(bob, [await bob.seal(alice.userId, [alice], { kind: 2, content: later })])
  await alice.read([bob])
  const request = await carol.request(alice.userId)
  await devices.run(alice.userId, 'answer_request', { request, from_record: carol.recordText() })
  const asked = await devices.run(alice.userId, 'make_request', { to_user_id: dave.userId })
  return { alice, bob, carol, dave, critical, clientMessageId, request, asked }
}

describe('whoever calls with the token of another user', () => {
  it('reaches, learns and changes nothing by any operation, whatever ids stand in it', async () => {
    const { alice, bob, carol, dave, critical, clientMessageId, request, asked } = await busyUser()
    const before = await rowsOf(alice.userId)
    for (const table of tables.filter(name => name !== 'quarantine'))
      expect([table, before[table]]).not.toEqual([table, []])
    const mallory = await ManagedUser.create(devices, { prekeys: 0 })
    const run = devices.run
    const me = mallory.userId
    const requestId = idFromBytes(decodeRequest(decodeBase64(request)).requestId)
    const response = await dave.answer(asked.handshake)
    const attacks: Readonly<Record<ManagedOperationName, () => Promise<void>>> = {
      ensure_device: async () => {
        const { device_id } = await run(me, 'ensure_device', { unusable_device_ids: [alice.deviceId] })
        expect(device_id).toBe(mallory.deviceId)
      },
      make_prekeys: async () => {
        const { prekeys } = await run(me, 'make_prekeys', { one_time: 1, last_resort: true })
        expect(prekeys).toHaveLength(2)
      },
      make_request: async () => {
        await run(me, 'make_request', { to_user_id: alice.userId })
      },
      answer_request: async () => {
        const answering = run(me, 'answer_request', { request, from_record: carol.recordText() })
        await expect(answering).rejects.toMatchObject({ code: 'record_refused' })
      },
      abandon_answer: async () => {
        expect(await run(me, 'abandon_answer', { request_id: requestId })).toEqual({})
      },
      seal: async () => {
        const input = { ...mallory.sealInput([bob], 'by alice alone', { clientMessageId }), responses: [response] }
        expect(await run(me, 'seal', input)).toMatchObject({ sends: [], missing: [{ user_id: bob.userId }] })
        const toDave = { ...mallory.sealInput([dave], 'x'), responses: [response] }
        expect(await run(me, 'seal', toDave)).toMatchObject({ missing: [{ user_id: dave.userId }] })
      },
      read: async () => {
        const stolen = alice.readInput([bob], { from: 0 })
        const result = await run(me, 'read', {
          ...stolen,
          responses: [response],
          devices: [listed(bob), listed(alice)],
        })
        expect(result).toMatchObject({ messages: [], opened_up_to: stolen.entries.length })
      },
      take_receipts: async () => {
        expect(await run(me, 'take_receipts', { up_to: 100, epoch: 1, stored: [critical] })).toEqual({ receipts: [] })
      },
      forget_message: async () => {
        expect(await run(me, 'forget_message', { message_id: critical })).toEqual({ forgotten: false })
      },
      session_status: async () => {
        expect((await run(me, 'session_status', { peer_user_id: bob.userId })).active).toBe(false)
      },
      list_session_peers: async () => {
        expect(await run(me, 'list_session_peers', {})).toEqual({ peer_user_ids: [] })
      },
      end_sessions: async () => {
        expect(await run(me, 'end_sessions', { peer_user_id: bob.userId })).toEqual({ ended: 0 })
        expect(await run(me, 'end_sessions', { peer_user_id: alice.userId })).toEqual({ ended: 0 })
      },
      destroy_device: async () => {
        await run(me, 'destroy_device', {})
      },
    }
    expect(Object.keys(attacks).sort()).toEqual(Object.keys(managedOperations).sort())
    for (const [operation, attack] of Object.entries(attacks)) {
      await attack()
      expect([operation, await rowsOf(alice.userId)]).toEqual([operation, before])
    }
  })

  it('ends with a session the keys of it alone on the managed device of the peer', async () => {
    const { alice, bob } = await busyUser()
    const mallory = await ManagedUser.create(devices)
    const office = createPostOffice()
    office.join(alice, mallory)
    office.post(mallory, await mallory.begin(alice, alice.bundle()))
    await alice.read([bob, mallory])
    const before = await rowsOf(alice.userId)
    const isOfMallory = (row: unknown) => String(row).includes(mallory.userId)
    expect(await devices.run(mallory.userId, 'end_sessions', { peer_user_id: alice.userId })).toEqual({ ended: 1 })
    const after = await rowsOf(alice.userId)
    for (const table of tables) {
      const others = (rows: unknown) => (rows as readonly unknown[]).filter(row => !isOfMallory(row))
      expect([table, others(after[table])]).toEqual([table, others(before[table])])
    }
    const stateOf = (rows: Record<string, unknown>) => (rows.peer as readonly unknown[]).filter(isOfMallory)
    expect(stateOf(after)).toHaveLength(1)
    expect(stateOf(after)).not.toEqual(stateOf(before))
  })
})

describe('rows that somebody with the database has exchanged or changed', () => {
  /** Two users who both talk with Bob and have a prekey left, a request and an answer. */
  const two = async () => {
    const [alice, carol] = [await ManagedUser.create(devices), await ManagedUser.create(devices)]
    const [bob, dave] = [await EndToEnd.create(devices.algorithms), await EndToEnd.create(devices.algorithms)]
    const office = createPostOffice()
    office.join(alice, carol, bob)
    for (const user of [alice, carol]) {
      await bob.start(user, user.bundle())
      office.post(bob, [await bob.text(user, `to ${user.userId}`)])
      await user.read([bob])
      await devices.run(user.userId, 'make_request', { to_user_id: dave.userId })
      const request = await dave.request(user.userId)
      await devices.run(user.userId, 'answer_request', { request, from_record: dave.recordText() })
    }
    return { alice, carol, bob, dave, office }
  }

  /** Exchanges a column of one table between two users. */
  const exchange = async (
    table: string,
    columns: readonly string[],
    one: ManagedUser,
    other: ManagedUser,
    where = 'true',
  ) => {
    const sets = columns.map(column => `${column} = o.${column}`).join(', ')
    const { length } = await devices.database.query(
      `UPDATE crypto.${table} t SET ${sets} FROM crypto.${table} o
       WHERE ((t.user_id = $1 AND o.user_id = $2) OR (t.user_id = $2 AND o.user_id = $1)) AND ${where} RETURNING 1`,
      [one.userId, other.userId],
    )
    expect(length).toBeGreaterThan(0)
  }

  const refusedAtRest = async (work: Promise<unknown>): Promise<void> => {
    await expect(work).rejects.toBeInstanceOf(AtRestError)
  }

  it.each([
    ['the private keys of devices', 'device', ['keys']],
    ['wrapped data keys', 'device', ['wrapped_key']],
    ['key ids and wrapped data keys', 'device', ['key_id', 'wrapped_key']],
    ['whole devices but for the user', 'device', ['key_id', 'wrapped_key', 'keys', 'record', 'device_id']],
    ['records of devices', 'device', ['record']],
    ['device ids', 'device', ['device_id']],
  ] as const)('fail closed: %s', async (_, table, columns) => {
    const { alice, carol, bob } = await two()
    const failures = await devices.counted('qsm_crypto_at_rest_failures_total')
    await exchange(table, columns, alice, carol)
    for (const user of [alice, carol]) {
      const before = await rowsOf(user.userId)
      await refusedAtRest(user.text([bob], 'x'))
      await refusedAtRest(user.read([bob]))
      await refusedAtRest(user.ensure())
      await refusedAtRest(devices.run(user.userId, 'make_prekeys', { one_time: 1, last_resort: false }))
      expect(await rowsOf(user.userId)).toEqual(before)
    }
    expect(await devices.counted('qsm_crypto_at_rest_failures_total')).toBe(failures + 8)
  })

  it('fail closed: states of peers, between users and between peers of one user', async () => {
    const { alice, carol, bob, office } = await two()
    office.post(bob, [await bob.text(alice, 'not to be opened')])
    await exchange('peer', ['generation', 'state'], alice, carol, 't.peer_user = o.peer_user AND t.has_session')
    const before = await rowsOf(alice.userId)
    await refusedAtRest(alice.text([bob], 'x'))
    await refusedAtRest(devices.run(alice.userId, 'session_status', { peer_user_id: bob.userId }))
    await refusedAtRest(devices.run(alice.userId, 'end_sessions', { peer_user_id: bob.userId }))
    expect(await rowsOf(alice.userId)).toEqual(before)
    const { messages, opened_up_to } = await alice.read([bob])
    expect([messages.length, opened_up_to]).toEqual([1, 2])

    const { alice: second, bob: peer } = await two()
    await devices.database.query(
      `UPDATE crypto.peer t SET generation = o.generation, state = o.state FROM crypto.peer o
       WHERE t.user_id = $1 AND o.user_id = $1 AND t.peer_user <> o.peer_user`,
      [second.userId],
    )
    await refusedAtRest(second.text([peer], 'x'))
  })

  it('fail closed: a state of an earlier generation under the number of the present one, and a number that was changed', async () => {
    const { alice, bob } = await two()
    const ofBob = `user_id = '${alice.userId}' AND peer_user = '${bob.userId}'`
    const [old] = await devices.database.query<{ state: Buffer }>(`SELECT state FROM crypto.peer WHERE ${ofBob}`)
    await alice.text([bob], 'one more')
    await devices.database.query(`UPDATE crypto.peer SET state = $1 WHERE ${ofBob}`, [old?.state])
    await refusedAtRest(alice.text([bob], 'x'))
    const { alice: second, bob: peer } = await two()
    await devices.database.query('UPDATE crypto.peer SET generation = generation + 1 WHERE user_id = $1', [
      second.userId,
    ])
    await refusedAtRest(second.text([peer], 'x'))
  })

  it('fail closed: prekeys, between users and between ids', async () => {
    const { alice, carol } = await two()
    const eve = await EndToEnd.create(devices.algorithms)
    const office = createPostOffice()
    office.join(alice, carol)
    await exchange('prekey', ['secrets'], alice, carol, 't.prekey_id = o.prekey_id')
    for (const user of [alice, carol]) {
      await eve.start(user, user.bundle())
      office.post(eve, [await eve.text(user, 'sealed to your prekey')])
      expect((await user.texts([eve])).includes('sealed to your prekey')).toBe(false)
    }
    const dave = await ManagedUser.create(devices, { prekeys: 2 })
    office.join(dave)
    await devices.database.query(
      `UPDATE crypto.prekey t SET secrets = o.secrets FROM crypto.prekey o
       WHERE t.user_id = $1 AND o.user_id = $1 AND t.prekey_id <> o.prekey_id`,
      [dave.userId],
    )
    await eve.start(dave, dave.bundle())
    office.post(eve, [await eve.text(dave, 'sealed to your prekey')])
    expect(await dave.texts([eve])).toEqual([])
  })

  it('fail closed: requests and answers', async () => {
    const { alice, carol, dave } = await two()
    const own = await devices.run(alice.userId, 'make_request', { to_user_id: dave.userId })
    const other = await devices.run(carol.userId, 'make_request', { to_user_id: dave.userId })
    await devices.database.query(
      `UPDATE crypto.request t SET secrets = o.secrets FROM crypto.request o
       WHERE t.request_id = $1 AND o.request_id = $2`,
      [own.request_id, other.request_id],
    )
    const response = await dave.answer(own.handshake)
    await refusedAtRest(alice.seal([dave], 'x', { responses: [response] }))
    const answers = await devices.database.query<{ user_id: string; request_id: string }>(
      'SELECT user_id, request_id FROM crypto.answer WHERE user_id = ANY ($1::uuid[])',
      [[alice.userId, carol.userId]],
    )
    const [first, second] = answers
    await devices.database.query(
      `UPDATE crypto.answer t SET sealed = o.sealed FROM crypto.answer o WHERE t.request_id = $1 AND o.request_id = $2`,
      [first?.request_id, second?.request_id],
    )
    const abandon = devices.run(first?.user_id ?? '', 'abandon_answer', { request_id: first?.request_id ?? '' })
    await refusedAtRest(abandon)
  })

  it('fail closed: sealed sends under another id of the client', async () => {
    const { alice, bob } = await two()
    const [one, other] = [newId(), newId()]
    await alice.text([bob], 'same', { clientMessageId: one })
    await alice.text([bob], 'same', { clientMessageId: other })
    await devices.database.query(
      `UPDATE crypto.outbox t SET sealed = o.sealed FROM crypto.outbox o
       WHERE t.user_id = $1 AND o.user_id = $1 AND t.client_message_id <> o.client_message_id`,
      [alice.userId],
    )
    await refusedAtRest(alice.text([bob], 'same', { clientMessageId: one }))
  })

  it('are not shown: texts that stand in another place, of another user, or under another sender', async () => {
    const { alice, carol, bob, office } = await two()
    office.post(bob, [await bob.text(alice, 'second'), await bob.text(alice, 'third')])
    await alice.read([bob])
    await exchange('opened', ['sealed'], alice, carol, 't.sequence = 1 AND o.sequence = 1')
    await devices.database.query('UPDATE crypto.opened SET sender_user = $2 WHERE user_id = $1 AND sequence = 2', [
      alice.userId,
      carol.userId,
    ])
    const failures = await devices.counted('qsm_crypto_at_rest_failures_total')
    expect(await alice.texts([bob])).toEqual(['third'])
    expect(await carol.texts([bob])).toEqual([])
    expect(await devices.counted('qsm_crypto_at_rest_failures_total')).toBe(failures + 3)
  })
})
