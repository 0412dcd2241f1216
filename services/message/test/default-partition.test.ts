import { createMetrics, type Query } from '@qsm/server-kit'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { silentLog } from '../../../tests/support/silent-log.js'
import { fenceJob, findFence } from '../src/jobs/default-partition.js'
import { partitionJob } from '../src/jobs/partitions.js'
import { watchPartitions } from '../src/jobs/watch-partitions.js'
import { makeParty, openConversation, type Party } from './support/conversation.js'
import { createFiller } from './support/fill-mailbox.js'
import { startMessage, type TestMessage, unwatchedPartitions } from './support/start-message.js'

const hourMs = 3_600_000
const dayMs = 24 * hourMs

let message: TestMessage
let alice: Party
let store: () => Promise<number>

beforeEach(async () => {
  message = await startMessage()
  alice = await makeParty(await message.person())
  const bob = await makeParty(await message.person())
  store = createFiller(message, bob, alice, await (await openConversation(message.algorithms, alice, bob)).seal())
  // Beyond the partitions of a new schema.
  message.clock.advance(400 * dayMs)
})
afterEach(() => message.close())

/** Entries of a kilobyte in mailboxes that are nobody's. */
const fillDefault = (entries: number) =>
  message.context.database.query(
    `INSERT INTO message.entry SELECT gen_random_uuid(), 1, s, gen_random_uuid(), gen_random_uuid(), 1, false, $2,
       convert_to(repeat('x', 1000), 'utf8') FROM generate_series(1, $1::int) s`,
    [entries, message.clock.now()],
  )

interface Step {
  readonly more: boolean
  /** What was read of the default partition, of 8 KiB each. */
  readonly blocks: number
  /** Whether it was locked against everybody. */
  readonly isLocked: boolean
}

const look = async (query: Query): Promise<Omit<Step, 'more'>> => {
  const [row] = await query<{ blocks: string; locked: boolean }>(
    `SELECT pg_stat_get_xact_blocks_fetched('message.entry_default'::regclass) AS blocks, EXISTS (SELECT FROM pg_locks
       WHERE pid = pg_backend_pid() AND relation = 'message.entry_default'::regclass AND mode = 'AccessExclusiveLock') AS locked`,
  )
  return { blocks: Number(row?.blocks), isLocked: row?.locked === true }
}

const job = partitionJob(30 * dayMs, unwatchedPartitions)
const step = (): Promise<Step> =>
  message.context.database.transaction(async query => {
    const before = await look(query)
    const more = await job.run(query, message.clock.now())
    const { blocks, isLocked } = await look(query)
    return { more, blocks: blocks - before.blocks, isLocked }
  })
const takeAway = () => message.context.database.transaction(query => fenceJob.run(query, message.clock.now()))
const fence = () => findFence(message.context.database.query)
const placeOfLast = async () => {
  const [row] = await message.context.database.query<{ place: string }>(
    'SELECT tableoid::regclass::text AS place FROM message.entry WHERE user_id = $1 ORDER BY sequence DESC LIMIT 1',
    [alice.person.userId],
  )
  return row?.place
}

test('a default partition that holds much is read while nobody is kept out, and not while the next one is attached', async () => {
  await fillDefault(8_000)
  const pages = 8_000 / 7
  const raised = await step()
  expect(raised).toMatchObject({ more: true, isLocked: true })
  expect(raised.blocks).toBeLessThan(pages / 2)
  await store()
  const checked = await step()
  expect(checked).toMatchObject({ more: true, isLocked: false })
  expect(checked.blocks).toBeGreaterThan(pages)
  await store()
  const attached = await step()
  expect(attached).toMatchObject({ more: true, isLocked: true })
  expect(attached.blocks).toBeLessThan(pages / 2)
  expect(await fence()).toBeNull()
  await store()
  expect(await placeOfLast()).toBe('message.entry_default')
  message.clock.advance(dayMs)
  await store()
  expect(await placeOfLast()).toMatch(/^message\.entry_from_/)
  const { body } = await message.renewed(alice.person).call('GET', '/api/messages?after=0')
  expect(body.messages).toHaveLength(4)
})

test('one that holds little has its partition in one step', async () => {
  await fillDefault(10)
  expect(await step()).toMatchObject({ more: true, isLocked: true })
  expect(await fence()).toBeNull()
  message.clock.advance(dayMs)
  await store()
  expect(await placeOfLast()).toMatch(/^message\.entry_from_/)
})

test('a fence whose partition does not come is taken away hours before sends would meet it', async () => {
  await fillDefault(8_000)
  await step()
  const first = await fence()
  const leftMs = (first?.from ?? 0) - message.clock.now()
  expect(leftMs).toBeGreaterThanOrEqual(12 * hourMs)
  await takeAway()
  expect(await fence()).toEqual(first)
  message.clock.advance(leftMs - 5 * hourMs)
  expect((await step()).more).toBe(false)
  await takeAway()
  expect(await fence()).toBeNull()
  message.clock.advance(6 * hourMs)
  await store()
  expect(await placeOfLast()).toBe('message.entry_default')
  while ((await step()).more);
  expect(await fence()).toBeNull()
  message.clock.advance(2 * dayMs)
  await store()
  expect(await placeOfLast()).toMatch(/^message\.entry_from_/)
})

test('metrics say how much lies in the default partition, and the log says once that something does', async () => {
  const metrics = createMetrics()
  const log = { ...silentLog, warn: vi.fn() }
  const watched = partitionJob(30 * dayMs, watchPartitions({ metrics, log: log as unknown as typeof silentLog }))
  const go = () => message.context.database.transaction(query => watched.run(query, message.clock.now()))
  const gauge = async () => /^qsm_message_entry_default_entries (\d+)$/m.exec((await metrics.text()).body)?.[1]
  await go()
  expect([await gauge(), log.warn.mock.calls.length]).toEqual(['0', 0])
  await store()
  await go()
  await go()
  expect([await gauge(), log.warn.mock.calls.length]).toEqual(['1', 1])
  await fillDefault(2_000)
  await go()
  expect([await gauge(), log.warn.mock.calls.length]).toEqual(['1000', 1])
})
