import { createMemoryBus, type Database, migrate, newId, openDatabase, systemClock } from '@qsm/server-kit'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createTestDatabase, type TestDatabase } from '../../../tests/support/database.js'
import { silentLog } from '../../../tests/support/silent-log.js'
import { createContacts } from '../src/connections/contacts.js'
import { createDevices } from '../src/devices/devices.js'
import { messageEntities, messageMigrations, messageSchema } from '../src/index.js'
import { createMailboxes } from '../src/mailbox/mailbox.js'
import { createLoadFacts } from '../src/send/load-facts.js'
import { type CheckedSend, createSendStore } from '../src/send/store-sends.js'
import { createSocketHolders } from '../src/socket/socket-holders.js'

const service = { schema: messageSchema, entities: messageEntities, migrations: messageMigrations }
const deviceId = 1
/** After five plans of a statement PostgreSQL keeps one, where that is no dearer. */
const rounds = 10

let own: TestDatabase
let database: Database
beforeAll(async () => {
  own = await createTestDatabase()
  await migrate({ ...service, url: own.url })
  database = await openDatabase({ ...service, url: own.url, poolMax: 1, log: silentLog })
})
afterAll(async () => {
  await database.close()
  await own.drop()
})

const user = async (): Promise<string> => {
  const userId = newId()
  await database.query(
    `INSERT INTO message.account (user_id, username, username_key, state, created_at) VALUES ($1, $2, $2, 'active', now())`,
    [userId, userId],
  )
  await database.query(
    `INSERT INTO message.device (user_id, device_id, record, expires_at, created_at) VALUES ($1, $2, '', 0, now())`,
    [userId, deviceId],
  )
  await database.query('INSERT INTO message.mailbox (user_id, device_id, epoch) VALUES ($1, $2, 1)', [userId, deviceId])
  return userId
}

test('what each message needs is planned once and by indexes, though its tables were empty when that was done', async () => {
  const [alice, bob] = [await user(), await user()]
  await database.query('ANALYZE')
  const [facts, store] = [createLoadFacts(database, systemClock), createSendStore(database, () => {})]
  const [mailboxes, holders] = [createMailboxes(database), createSocketHolders(database)]
  const contactsOf = createContacts(database)
  const devices = createDevices({ database, bus: createMemoryBus(), clock: systemClock })
  const address = { userId: bob, deviceId }
  const holderId = newId()
  for (let seq = 1; seq <= rounds; seq += 1) {
    const request = { sender: { userId: alice, deviceId }, messageId: newId(), envelopes: [], body: null }
    const header = { sid: Buffer.alloc(16), seq }
    const parcel = { ...address, address: header, envelope: { bytes: Buffer.alloc(1_200), header } }
    const parcels = [parcel] as unknown as CheckedSend['parcels']
    await facts(request, parcels)
    await store({ request, parcels, hash: Buffer.alloc(32), receivedAt: Date.now() })
    await holders.hold(address, holderId)
    expect(await holders.holderOf(address)).toBe(holderId)
    expect(await holders.outdated([{ address, holderId, delivery: { cursor: seq } }])).toEqual([])
    const { entries } = await mailboxes.page({ ...address, after: 0, limit: 50 })
    expect(entries.map(entry => entry.sequence)).toEqual([seq])
    await mailboxes.acknowledge({ ...address, upTo: seq })
    await mailboxes.acknowledged()
    expect(await contactsOf(bob)).toEqual([])
    expect(await devices.bound(newId())).toBeNull()
  }
  const statements = await database.query<{ name: string; types: readonly string[]; kept: number; anew: number }>(
    `SELECT name, parameter_types::text[] AS types, generic_plans::int AS kept, custom_plans::int AS anew
     FROM pg_prepared_statements ORDER BY name`,
  )
  const names = [
    'contacts',
    'device-bindings',
    'mailbox-ack',
    'mailbox-pages',
    'send-facts',
    'socket-hold',
    'socket-holders',
    'sockets-outdated',
    'store-sends',
  ]
  const planned = statements.map(({ name, kept, anew }) => ({ name, kept: kept > 0, anew }))
  expect(planned).toEqual(names.map(name => ({ name, kept: true, anew: 5 })))
  for (const { name, types } of statements) {
    const values = types.map(type => `NULL::${type}`).join(', ')
    const plan = await database.query<Record<string, string>>(`EXPLAIN EXECUTE "${name}"(${values})`)
    const wholeTables = plan.map(row => row['QUERY PLAN'] ?? '').filter(line => /Seq Scan on/.test(line))
    expect({ name, wholeTables }).toEqual({ name, wholeTables: [] })
  }
})
