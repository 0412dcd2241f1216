import type { Database, Query } from '@qsm/server-kit'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { createMailboxes } from '../src/mailbox/mailbox.js'
import { startMessage, type TestMessage } from './support/start-message.js'

const mostAtOnce = 5_000

let message: TestMessage

beforeEach(async () => {
  message = await startMessage()
})
afterEach(() => message.close())

/** Mailboxes with entries 1 to `entries`, without the devices that they belong to. */
const fill = async (mailboxes: number, entries: number): Promise<readonly string[]> =>
  message.context.database.transaction(async query => {
    await query('SET LOCAL session_replication_role = replica')
    const rows = await query<{ user_id: string }>(
      `INSERT INTO message.mailbox (user_id, device_id, epoch, next_sequence)
       SELECT gen_random_uuid(), 1, 1, $1::int + 1 FROM generate_series(1, $2) RETURNING user_id`,
      [entries, mailboxes],
    )
    await query(
      `INSERT INTO message.entry SELECT m.user_id, 1, s, gen_random_uuid(), m.user_id, 1, false, $2, ''
       FROM generate_series(1, $1::int) s, message.mailbox m`,
      [entries, message.clock.now()],
    )
    return rows.map(row => row.user_id)
  })

const countOf = async (query: Query) =>
  Number((await query<{ count: string }>('SELECT count(*) FROM message.entry'))[0]?.count)

/** The same database, which notes how many entries each statement has deleted. */
const noting = (deleted: number[]): Database => {
  const { database } = message.context
  return {
    ...database,
    query: async (statement, values) => {
      const before = await countOf(database.query)
      const rows = await database.query<never>(statement, values)
      deleted.push(before - (await countOf(database.query)))
      return rows
    },
  }
}

test('acknowledgements of many long mailboxes are deleted a bounded number of entries at a time, and all of them in the end', async () => {
  const users = await fill(100, 150)
  const deleted: number[] = []
  const mailboxes = createMailboxes(noting(deleted))
  await Promise.all(users.map(userId => mailboxes.acknowledge({ userId, deviceId: 1, upTo: 149 })))
  expect(deleted.reduce((sum, count) => sum + count, 0)).toBe(100 * 149)
  expect(Math.max(...deleted)).toBeLessThanOrEqual(mostAtOnce)
  const { query } = message.context.database
  const left = await query('SELECT user_id, sequence FROM message.entry WHERE sequence < 150')
  const marks = await query('SELECT DISTINCT acked_sequence, next_sequence FROM message.mailbox')
  expect([left, marks]).toEqual([[], [{ acked_sequence: '149', next_sequence: '151' }]])
})

test('whoever acknowledges little is not held up by those who acknowledge much', async () => {
  const [short = '', ...long] = await fill(21, 1_000)
  const mailboxes = createMailboxes(message.context.database)
  const order: string[] = []
  const acknowledge = (userId: string, upTo: number) =>
    mailboxes.acknowledge({ userId, deviceId: 1, upTo }).then(() => order.push(userId))
  await Promise.all([...long.map(userId => acknowledge(userId, 1_000)), acknowledge(short, 100)])
  expect(order[0]).toBe(short)
  expect(new Set(order).size).toBe(21)
})

test('several acknowledgements of one mailbox in a flush leave it its whole share', async () => {
  const [userId = ''] = await fill(1, 1_000)
  const deleted: number[] = []
  const mailboxes = createMailboxes(noting(deleted))
  const marks = Array.from({ length: 100 }, (_, index) => 10 * (index + 1))
  await Promise.all(marks.map(upTo => mailboxes.acknowledge({ userId, deviceId: 1, upTo })))
  expect(deleted).toEqual([1_000])
})
