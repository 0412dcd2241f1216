import { createMetrics, migrate, newId, openDatabase } from '@qsm/server-kit'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { createTestDatabase, type TestDatabase } from '../../../tests/support/database.js'
import { silentLog } from '../../../tests/support/silent-log.js'
import { messageEntities, messageMigrations, messageSchema } from '../src/index.js'

const before = messageMigrations.slice(0, 8)
const userId = newId()
const device = 7
/** As the job of the version before says it. */
const byCtid = `DELETE FROM message.entry WHERE ctid = ANY (ARRAY(
  SELECT ctid FROM message.entry WHERE user_id = $1 LIMIT 1000)) RETURNING 1`

let database: TestDatabase
beforeEach(async () => {
  database = await createTestDatabase()
  await migrate({ url: database.url, schema: messageSchema, migrations: before })
})
afterEach(() => database.drop())

const open = () =>
  openDatabase({
    url: database.url,
    schema: messageSchema,
    entities: messageEntities,
    migrations: messageMigrations,
    poolMax: 4,
    log: silentLog,
    metrics: createMetrics(),
  })
const migrateOn = () => migrate({ url: database.url, schema: messageSchema, migrations: messageMigrations })

/** A pod of the version before: its statements are prepared on the schema without partitions. */
const openPod = async () => {
  const pod = await open()
  await pod.query(
    `INSERT INTO message.account (user_id, username, username_key, state, created_at) VALUES ($1, 'a', 'a', 'active', now())`,
    [userId],
  )
  await pod.query(
    `INSERT INTO message.device (user_id, device_id, record, expires_at, created_at) VALUES ($1, $2, '', 0, now())`,
    [userId, device],
  )
  await pod.query('INSERT INTO message.mailbox (user_id, device_id, epoch) VALUES ($1, $2, 1)', [userId, device])
  return {
    ...pod,
    store: (sequence: number, receivedAt = Date.now()) =>
      pod.query(
        {
          name: 'store',
          text: `WITH locked AS (SELECT 1 FROM message.mailbox WHERE user_id = $1 FOR UPDATE)
            INSERT INTO message.entry SELECT $1::uuid, $2::bigint, $3::bigint, gen_random_uuid(), $1::uuid, 1, false, $4::bigint, $5::bytea FROM locked`,
        },
        [userId, device, sequence, receivedAt, Buffer.from(`envelope ${sequence}`)],
      ),
    read: () =>
      pod.query<{ sequence: number; text: string }>(
        {
          name: 'read',
          text: `SELECT sequence::int, convert_from(envelope, 'UTF8') AS text FROM message.entry WHERE user_id = $1 AND sequence > 0 ORDER BY sequence`,
        },
        [userId],
      ),
  }
}
const upTo = (count: number) =>
  Array.from({ length: count }, (_, index) => ({ sequence: index + 1, text: `envelope ${index + 1}` }))

test('the upgrade keeps every entry, while a pod of the version before goes on sending and reading', async () => {
  const pod = await openPod()
  let stored = 0
  for (; stored < 200; stored += 1) await pod.store(stored + 1, Date.now() - stored * 86_400_000)
  let isOver = false
  const seen: number[] = []
  const sending = (async () => {
    while (!isOver || stored < 300) await pod.store(++stored)
  })()
  const reading = (async () => {
    while (!isOver) seen.push((await pod.read()).length)
  })()
  await migrateOn()
  isOver = true
  await Promise.all([sending, reading])
  expect(await pod.read()).toEqual(upTo(stored))
  expect(seen).toEqual(seen.toSorted((a, b) => a - b))
  await expect(pod.store(stored)).rejects.toMatchObject({ code: '23505' })
  const places = await pod.query('SELECT DISTINCT tableoid::regclass::text AS place FROM message.entry')
  expect(places).toEqual([{ place: 'message.entry_before' }])
  await pod.close()
}, 60_000)

test('a pod of the version before deletes nothing by ctid, which names a row in each partition, but acknowledges', async () => {
  const pod = await openPod()
  await pod.store(1)
  await migrateOn()
  await pod.store(2, Date.now() + 400 * 86_400_000)
  await expect(pod.query(byCtid, [userId])).rejects.toThrow('a ctid is not enough')
  expect(await pod.read()).toEqual(upTo(2))
  await pod.query('DELETE FROM message.entry WHERE user_id = $1 AND sequence <= 1', [userId])
  expect(await pod.read()).toEqual(upTo(2).slice(1))
  await pod.close()
})

test('the way back keeps every entry of every partition', async () => {
  const pod = await openPod()
  await pod.store(1)
  await migrateOn()
  await pod.store(2, Date.now() + 400 * 86_400_000)
  for (const _ of messageMigrations.slice(8)) await pod.dataSource.undoLastMigration()
  expect(await pod.read()).toEqual(upTo(2))
  await migrate({ url: database.url, schema: messageSchema, migrations: before })
  await pod.close()
})

test('the way back keeps what is being stored when it begins', async () => {
  const pod = await openPod()
  await migrate({ url: database.url, schema: messageSchema, migrations: messageMigrations.slice(0, 11) })
  const { wayBack } = await pod.transaction(async query => {
    await query(
      `INSERT INTO message.entry SELECT user_id, device_id, 1, gen_random_uuid(), user_id, 1, false, $1, 'envelope 1' FROM message.mailbox`,
      [Date.now()],
    )
    const wayBack = pod.dataSource.undoLastMigration()
    const waiting = `SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`
    await vi.waitFor(async () => expect(await pod.query(waiting)).toHaveLength(1), { timeout: 10_000 })
    return { wayBack }
  })
  await wayBack
  expect(await pod.read()).toEqual(upTo(1))
  await pod.close()
})

test('sends fit below the bound for four weeks, also where no entry was there, should the next step fail for days', async () => {
  const pod = await openPod()
  await migrate({ url: database.url, schema: messageSchema, migrations: messageMigrations.slice(0, 9) })
  await pod.store(1, Date.now() + 28 * 86_400_000)
  expect(await pod.read()).toEqual(upTo(1))
  await pod.close()
})

test('a table that is in use keeps the upgrade waiting, and others no longer than a lock may take', async () => {
  const pod = await openPod()
  await pod.store(1)
  const { upgrade } = await pod.transaction(async query => {
    await query('SELECT 1 FROM message.entry')
    const upgrade = migrateOn()
    // Each waits for an attempt at most, which is far below the 1.2 s after which a pod gives up.
    for (let sequence = 2; sequence < 12; sequence += 1) await pod.store(sequence)
    return { upgrade }
  })
  await upgrade
  expect(await pod.read()).toEqual(upTo(11))
  await pod.close()
}, 60_000)
