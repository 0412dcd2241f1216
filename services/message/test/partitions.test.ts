import { type Job, newId, runJob } from '@qsm/server-kit'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { messageSchema } from '../src/index.js'
import { partitionJob } from '../src/jobs/partitions.js'
import { makeParty, openConversation, type Party, type SendBody } from './support/conversation.js'
import { createFiller } from './support/fill-mailbox.js'
import { startMessage, type TestMessage, unwatchedPartitions } from './support/start-message.js'

const dayMs = 86_400_000

let message: TestMessage
let alice: Party
let bob: Party
let sealed: SendBody

beforeEach(async () => {
  message = await startMessage()
  alice = await makeParty(await message.person())
  bob = await makeParty(await message.person())
  sealed = await (await openConversation(message.algorithms, alice, bob)).seal()
})
afterEach(() => message.close())

const sql = <Row = unknown>(statement: string, ...values: readonly unknown[]) =>
  message.context.database.query<Row>(statement, values)
const run = (job: Job, pod = message, databaseNow = pod.clock.now) =>
  runJob({ ...pod.context, schema: messageSchema, databaseNow }, job)
const makeAhead = (pod = message) => run(partitionJob(30 * dayMs, unwatchedPartitions), pod)
const partitions = async () =>
  (
    await sql<{ name: string }>(
      `SELECT inhrelid::regclass::text AS name FROM pg_inherits WHERE inhparent = 'message.entry'::regclass ORDER BY 1`,
    )
  ).map(({ name }) => name)
/** In which partition each number of the mailbox lies. */
const places = async () =>
  (
    await sql<{ place: string }>(
      'SELECT tableoid::regclass::text AS place FROM message.entry WHERE user_id = $1 ORDER BY sequence',
      alice.person.userId,
    )
  ).map(({ place }) => place)
const sequences = async () => {
  const { body } = await message.renewed(alice.person).call('GET', '/api/messages?after=0')
  return body.messages.map(({ sequence }: { sequence: number }) => sequence)
}
const untilDay = async (days: number) => {
  for (let day = 0; day < days; day += 1) {
    message.clock.advance(dayMs)
    await makeAhead()
  }
}

/** Beyond what a new schema has, where partitions are those of the job. */
const untilLater = async () => {
  message.clock.advance(398 * dayMs)
  await untilDay(2)
}

test('partitions are made ahead: what is received in the next weeks has one of its time, with all indexes', async () => {
  const store = createFiller(message, bob, alice, sealed)
  await untilLater()
  for (let week = 0; week < 4; week += 1) {
    await store()
    await untilDay(7)
  }
  const used = await places()
  expect(new Set(used).size).toBe(4)
  expect(used.every(place => /^message\.entry_(before|from_\d{8})$/.test(place))).toBe(true)
  const columns = await sql<{ keys: readonly string[] }>(
    `SELECT array_agg(regexp_replace(indexdef, '.* USING ', '')) AS keys FROM pg_indexes
     WHERE schemaname = 'message' AND tablename LIKE 'entry\\_from\\_%' GROUP BY tablename`,
  )
  expect(columns.length).toBeGreaterThan(3)
  for (const { keys } of columns) {
    expect(keys.toSorted()).toEqual([
      'btree (sender_user, sender_device, message_id) WHERE has_body',
      'btree (user_id, device_id, sequence)',
      'btree (user_id, message_id)',
    ])
  }
})

test('a send for whose time there is no partition is stored, read and acknowledged all the same', async () => {
  message.clock.advance(400 * dayMs)
  const store = createFiller(message, bob, alice, sealed)
  expect([await store(), await store()]).toEqual([1, 2])
  expect(await places()).toEqual(['message.entry_default', 'message.entry_default'])
  // The next partition begins behind what is being written, so neither waits for the other.
  await makeAhead()
  expect(await store()).toBe(3)
  expect((await places()).at(-1)).toBe('message.entry_default')
  await untilDay(1)
  expect(await store()).toBe(4)
  expect((await places()).at(-1)).toMatch(/^message\.entry_from_/)
  expect(await sequences()).toEqual([1, 2, 3, 4])
  expect((await message.renewed(alice.person).call('POST', '/api/messages/ack', { up_to: 2 })).status).toBe(204)
  expect(await sequences()).toEqual([3, 4])
})

test('retention drops a partition when all in it is over, not before, and leaves the younger ones', async () => {
  const store = createFiller(message, bob, alice, sealed)
  await untilLater()
  await store()
  await untilDay(8)
  await store()
  const [first = '', second = ''] = await places()
  expect(first).not.toBe(second)
  await untilDay(22)
  expect(await sequences()).toEqual([1, 2])
  await untilDay(7)
  expect(await partitions()).not.toContain(first)
  expect(await partitions()).toContain(second)
  expect(await sequences()).toEqual([2])
  // Three with what is not over, besides the one of now, the next and the default one.
  expect((await partitions()).length).toBeLessThanOrEqual(8)
})

test('the clock of one pod drops nothing: partitions go by that of PostgreSQL, and not at all where they differ', async () => {
  const store = createFiller(message, bob, alice, sealed)
  await untilLater()
  await store()
  const before = await partitions()
  const right = message.clock.now()
  const job = partitionJob(30 * dayMs, unwatchedPartitions)
  message.clock.advance(60 * dayMs)
  await expect(run(job, message, () => right)).rejects.toThrow('86400 minutes ahead of that of PostgreSQL')
  await expect(runJob({ ...message.context, schema: messageSchema }, job)).rejects.toThrow('of PostgreSQL')
  expect(await partitions()).toEqual(before)
  expect(await sequences()).toEqual([1])
  // Two that are right about each other.
  message.clock.advance(Date.now() - message.clock.now())
  await runJob({ ...message.context, schema: messageSchema }, job)
  expect(await partitions()).toEqual(before)
})

test('one run makes a few partitions, also where the job has not run for a year and they are a day each', async () => {
  const before = await partitions()
  message.clock.advance(400 * dayMs)
  await run(partitionJob(dayMs, unwatchedPartitions))
  const made = (await partitions()).filter(name => !before.includes(name))
  expect(made.length).toBeGreaterThan(1)
  expect(made.length).toBeLessThanOrEqual(4)
})

test('two pods that do the job at once make and drop each partition once', async () => {
  const pod = await message.secondPod()
  await untilLater()
  for (let day = 0; day < 40; day += 1) {
    message.clock.advance(dayMs)
    await Promise.all([makeAhead(), makeAhead(pod), makeAhead()])
  }
  const bounds = await sql<{ bound: string }>(
    `SELECT pg_get_expr(relpartbound, oid) AS bound FROM pg_class WHERE relname LIKE 'entry\\_from\\_%' AND relkind = 'r' AND relispartition`,
  )
  expect(bounds.length).toBeGreaterThan(4)
  expect(new Set(bounds.map(({ bound }) => bound)).size).toBe(bounds.length)
  expect(await partitions()).toHaveLength(bounds.length + 1)
  await pod.close()
})

test('a partition that is in use is left for later: who uses it is not ended, and others wait no longer than a lock may take', async () => {
  const store = createFiller(message, bob, alice, sealed)
  await untilLater()
  await store()
  const [old = ''] = await places()
  message.clock.advance(40 * dayMs)
  await message.context.database.transaction(async query => {
    await query('SELECT 1 FROM message.entry')
    await expect(makeAhead()).rejects.toThrow('lock timeout')
    await query('SELECT 1 FROM message.entry')
  })
  expect(await partitions()).toContain(old)
  await makeAhead()
  expect(await partitions()).not.toContain(old)
})

test('what is left of a removed device is deleted from all partitions, and nothing of others at the same place', async () => {
  const gone = newId()
  await sql('UPDATE message.mailbox SET closed = true WHERE user_id = $1', bob.person.userId)
  const insert = (userId: string, deviceId: number, sequence: number, at: number) =>
    sql(`INSERT INTO message.entry VALUES ($1, $2, $3, $4, $4, 1, false, $5, '')`, userId, deviceId, sequence, gone, at)
  await untilLater()
  const now = message.clock.now()
  // The first row of each partition has the same ctid.
  await insert(bob.person.userId, bob.device.deviceId, 1, now)
  await insert(alice.person.userId, alice.device.deviceId, 1, now + 400 * dayMs)
  await insert(bob.person.userId, bob.device.deviceId, 2, now + 400 * dayMs)
  await message.runJobs()
  await vi.waitFor(async () =>
    expect(await sql('SELECT user_id FROM message.entry')).toEqual([{ user_id: alice.person.userId }]),
  )
})
