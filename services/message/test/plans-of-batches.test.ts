import { limits } from '@qsm/contract'
import { createMemoryBus, type Database, migrate, newId, openDatabase, systemClock } from '@qsm/server-kit'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createTestDatabase, type TestDatabase } from '../../../tests/support/database.js'
import { silentLog } from '../../../tests/support/silent-log.js'
import { longest, recordStatements, wholeReads } from '../../../tests/support/whole-reads.js'
import { createContacts } from '../src/connections/contacts.js'
import { createFindConnection } from '../src/connections/find.js'
import { createDevices } from '../src/devices/devices.js'
import { messageEntities, messageMigrations, messageSchema } from '../src/index.js'
import { createMailboxes } from '../src/mailbox/mailbox.js'
import { createLoadFacts } from '../src/send/load-facts.js'
import { type CheckedSend, createSendStore } from '../src/send/store-sends.js'
import { createSocketHolders } from '../src/socket/socket-holders.js'
import { createListedDevices } from '../src/thin/listed-devices.js'
import { createSendLook } from '../src/thin/send-look.js'

const service = { schema: messageSchema, entities: messageEntities, migrations: messageMigrations }

/** So many users, each with a device, a mailbox, a session, a connection, and a message of each kind. */
const users = 50_000
const address = 'user_id, device_id'
const fill = [
  `INSERT INTO message.account (user_id, username, username_key, state, created_at)
   SELECT gen_random_uuid(), n, n, 'active', now() FROM generate_series(1, ${users}) n`,
  `INSERT INTO message.device (${address}, record, expires_at, created_at) SELECT user_id, 1, '', 0, now() FROM message.account`,
  `INSERT INTO message.mailbox (${address}, epoch, socket_id) SELECT ${address}, 1, gen_random_uuid() FROM message.device`,
  `INSERT INTO message.device_binding (session_id, ${address}, bound_at)
   SELECT gen_random_uuid(), ${address}, now() FROM message.device`,
  `INSERT INTO message.connection (user_low, user_high, state)
   SELECT * FROM (SELECT user_id, lead(user_id) OVER (ORDER BY user_id) AS next, 'open' FROM message.account) WHERE next IS NOT NULL`,
  `INSERT INTO message.started_use (from_user, to_user, to_device, envelopes) SELECT user_low, user_high, 1, 1 FROM message.connection`,
  // Into each of the two partitions.
  `INSERT INTO message.entry (${address}, sequence, message_id, sender_user, sender_device, has_body, received_at, envelope)
   SELECT ${address}, n, gen_random_uuid(), user_id, 1, true, (n - 1) * ${Number.MAX_SAFE_INTEGER}, '' FROM message.device, generate_series(1, 2) n`,
  `INSERT INTO message.body (sender_user, sender_device, message_id, received_at, body)
   SELECT user_id, 1, gen_random_uuid(), 0, '' FROM message.device`,
  `INSERT INTO message.sent (sender_user, sender_device, message_id, body_sha256, answer, received_at)
   SELECT user_id, 1, gen_random_uuid(), sha256(''), '[]', 0 FROM message.device`,
  `INSERT INTO message.seen (sid, sender_user, sender_device, seq, received_at)
   SELECT uuid_send(gen_random_uuid()), user_id, 1, 1, 0 FROM message.device`,
]

let own: TestDatabase
let database: Database
beforeAll(async () => {
  own = await createTestDatabase()
  await migrate({ ...service, url: own.url })
  database = await openDatabase({ ...service, url: own.url, poolMax: 1, log: silentLog })
  const patience = { statementTimeoutMs: 110_000 }
  await database.transaction(async query => {
    // What refers to what was made so is there.
    await query('SET LOCAL session_replication_role = replica')
    for (const statement of fill) await query(statement)
    await query('ANALYZE')
  }, patience)
})
afterAll(async () => {
  await database.close()
  await own.drop()
})

/** More than any batch takes. */
const many = Array.from({ length: 1_000 }, () => ({ userId: newId(), deviceId: 1 }))
const envelopes = Array.from({ length: limits.maxEnvelopesPerSend }, (_, seq) => seq)

/** Asks for as much at once as fills the batch of each statement. */
const askAll = async () => {
  const { asked, database: recorder } = recordStatements()
  const [facts, store] = [createLoadFacts(recorder, systemClock), createSendStore(recorder, () => {})]
  const [mailboxes, holders] = [createMailboxes(recorder), createSocketHolders(recorder)]
  const devices = createDevices({ database: recorder, bus: createMemoryBus(), clock: systemClock })
  const [contactsOf, find] = [createContacts(recorder), createFindConnection(recorder.query)]
  const [look, listed] = [createSendLook(recorder, systemClock), createListedDevices(recorder, systemClock)]
  const known = many.slice(0, 500).map(one => ({ address: one, holderId: newId(), delivery: { cursor: 1 } }))
  await Promise.allSettled([
    ...many.slice(0, 128).flatMap((sender, index) => {
      const request = { sender, messageId: newId(), envelopes: [], body: null }
      const to = many[index + 128] as (typeof many)[number]
      const parcels = envelopes.map(seq => {
        const header = { sid: Buffer.alloc(16, index), seq }
        return { ...to, deviceId: seq % 32, address: header, envelope: { bytes: Buffer.alloc(1_024), header } }
      }) as unknown as CheckedSend['parcels']
      return [facts(request, parcels), store({ request, parcels, hash: Buffer.alloc(32), receivedAt: 0 })]
    }),
    ...many.flatMap(one => [
      holders.hold(one, newId()),
      holders.release(one, newId()),
      holders.holderOf(one),
      mailboxes.page({ ...one, after: 0, limit: 50 }),
      mailboxes.acknowledge({ ...one, upTo: 1 }),
      contactsOf(one.userId),
      devices.bound(newId()),
      find(one.userId, newId()),
      look(one.userId, newId()),
    ]),
    listed(many.map(({ userId }) => userId)),
    holders.outdated(known),
  ])
  return asked
}

test('full batches of each statement go to indexes by their keys in large tables, by a plan of their own and by the kept one', async () => {
  const asked = await askAll()
  const fullest = new Map<string, (typeof asked)[number]>()
  for (const one of asked) {
    const before = fullest.get(one.name)
    if (!before || longest(one) > longest(before)) fullest.set(one.name, one)
  }
  const found: Record<string, unknown> = {}
  for (const [name, one] of fullest) found[name] = { length: longest(one), ...(await wholeReads(database, one)) }
  const byIndex = (length: number) => ({ length, ofThese: [], kept: [] })
  expect(found).toEqual({
    contacts: byIndex(16),
    'device-bindings': byIndex(256),
    'find-connections': byIndex(256),
    'mailbox-ack': byIndex(256),
    'mailbox-pages': byIndex(64),
    'send-facts': byIndex(128 * limits.maxEnvelopesPerSend),
    'socket-hold': byIndex(500),
    'socket-holders': byIndex(500),
    'socket-release': byIndex(500),
    'sockets-outdated': byIndex(500),
    'store-sends': byIndex(128 * limits.maxEnvelopesPerSend),
    'thin-devices': byIndex(256),
    'thin-send-look': byIndex(256),
  })
})
