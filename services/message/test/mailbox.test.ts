import { encodeBase64, limits } from '@qsm/contract'
import { newId, QsmError, type RateLimits } from '@qsm/server-kit'
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { makeParty, openConversation, type Party, type SendBody } from './support/conversation.js'
import { createFiller } from './support/fill-mailbox.js'
import { startMessage, type TestMessage } from './support/start-message.js'

let message: TestMessage
let isOver = false
let alice: Party
let bob: Party
let sealed: SendBody

const rateLimits: RateLimits = ({ name }) => ({
  async take() {
    if (isOver && name === 'mailbox-read') throw new QsmError('rate_limited')
  },
})

const dayMs = 86_400_000
const hourMs = 3_600_000

beforeAll(async () => {
  message = await startMessage({ rateLimits })
})
afterAll(() => message.close())
beforeEach(async () => {
  isOver = false
  alice = await makeParty(await message.person())
  bob = await makeParty(await message.person())
  sealed = await (await openConversation(message.algorithms, alice, bob)).seal()
})

const asAlice = () => message.renewed(alice.person)
const read = async (query = '') => (await asAlice().call('GET', `/api/messages${query}`)).body
const ack = (up_to: number) => asAlice().call('POST', '/api/messages/ack', { up_to })
const sql = <Row = unknown>(statement: string, ...values: readonly unknown[]) =>
  message.context.database.query<Row>(statement, values)
const countOf = async (table: string): Promise<number> => {
  const column = table === 'entry' ? 'user_id' : 'sender_user'
  const owner = table === 'entry' ? alice.person.userId : bob.person.userId
  const [row] = await sql<{ count: number }>(
    `SELECT count(*)::int AS count FROM message.${table} WHERE ${column} = $1`,
    owner,
  )
  return row?.count ?? -1
}
const sequencesOf = (page: { readonly messages: readonly { readonly sequence: number }[] }) =>
  page.messages.map(one => one.sequence)
const upTo = (count: number, after = 0) => Array.from({ length: count }, (_, index) => after + index + 1)
const fill = async (count: number) => {
  const store = createFiller(message, bob, alice, sealed)
  for (let at = 0; at < count; at += 1) await store()
}
/** Entries without senders, many at once. */
const insert = (from: number, to: number) =>
  message.context.database.transaction(
    async query => {
      const { userId } = alice.person
      await query(
        `INSERT INTO message.entry SELECT $1, $2, n, gen_random_uuid(), gen_random_uuid(), 1, false, $5, $6
         FROM generate_series($3::int, $4::int) AS n`,
        [userId, alice.device.deviceId, from, to, message.clock.now(), Buffer.alloc(1_228)],
      )
      await query('UPDATE message.mailbox SET next_sequence = $2 WHERE user_id = $1', [userId, to + 1])
    },
    { statementTimeoutMs: 20_000 },
  )

describe('the numbers of a mailbox', () => {
  test('have no gap under fifty senders at once on two pods, each of which also repeats itself and is refused', async () => {
    const pod = await message.secondPod()
    const given: number[] = []
    let refused = 0
    await Promise.all(
      Array.from({ length: 50 }, async (_, index) => {
        const stranger = { ...bob, person: { ...bob.person, userId: newId() } }
        const store = createFiller(index % 2 === 0 ? message : pod, stranger, alice, sealed)
        for (let count = 0; count < 10; count += 1) {
          const repeats = store({ seq: 1 }).then(
            sequence => given.push(sequence),
            () => {
              refused += 1
            },
          )
          given.push(await store({ seq: 2 + count }))
          await repeats
        }
      }),
    )
    expect([given.length, refused]).toEqual([550, 450])
    expect(given.toSorted((a, b) => a - b)).toEqual(upTo(550))
    const seen: number[] = []
    for (let after = 0, more = true; more; ) {
      const page = await read(`?after=${after}&limit=100`)
      seen.push(...sequencesOf(page))
      ;({ next: after, more } = page)
    }
    expect(seen).toEqual(upTo(550))
    await pod.close()
  }, 60_000)

  test('are counted for each device by itself', async () => {
    const login = alice.person.login()
    const second = await alice.person.drawDevice()
    await login.bind(second)
    await fill(3)
    const other = createFiller(message, bob, { ...alice, device: second }, sealed)
    expect([await other(), await other()]).toEqual([1, 2])
    expect(sequencesOf(await read())).toEqual([1, 2, 3])
    expect(sequencesOf((await login.call('GET', '/api/messages')).body)).toEqual([1, 2])
  })
})

describe('reading a mailbox', () => {
  test('goes page by page by a cursor that is always a number, and changes nothing', async () => {
    await fill(7)
    expect(await read('?limit=3')).toMatchObject({ next: 3, more: true })
    const page = await read('?after=3&limit=3')
    expect([sequencesOf(page), page.next, page.more]).toEqual([[4, 5, 6], 6, true])
    expect(await read('?after=6&limit=3')).toMatchObject({ next: 7, more: false })
    expect(await read('?after=7&limit=3')).toMatchObject({ messages: [], next: 7, more: false })
    expect(await read('?after=99&limit=3')).toMatchObject({ messages: [], next: 99, more: false })
    expect(sequencesOf(await read())).toEqual(upTo(7))
  })

  test('of an empty mailbox begins at 0', async () => {
    expect(await read()).toMatchObject({ messages: [], next: 0, more: false })
  })

  test.each(['after=-1', 'after=1.5', 'after=9007199254740992', 'after=', 'limit=0', 'limit=101', 'from=1'])(
    'with %s is refused',
    async query => {
      expect(await asAlice().call('GET', `/api/messages?${query}`)).toMatchObject({ status: 400 })
    },
  )

  test('shows by its cursor what is gone at its end, so that a hole is never silent', async () => {
    await fill(5)
    await sql('DELETE FROM message.entry WHERE user_id = $1 AND sequence > 3', alice.person.userId)
    expect(await read()).toMatchObject({ messages: [{}, {}, {}], next: 5, more: false })
    expect(await read('?after=3')).toMatchObject({ messages: [], next: 5, more: false })
    expect((await ack(5)).status).toBe(204)
  })

  test('names the life of the mailbox, which lasts as long as the device', async () => {
    const pod = await message.secondPod()
    const { epoch } = await read()
    await fill(2)
    await ack(2)
    const elsewhere = await pod.as(asAlice()).call('GET', '/api/messages')
    expect(elsewhere.body).toMatchObject({ epoch })
    expect((await pod.as(asAlice()).call('GET', '/api/messages?after=2')).body.epoch).toBe(epoch)
    const login = alice.person.login()
    await login.bind(await alice.person.drawDevice())
    expect((await login.call('GET', '/api/messages')).body.epoch).not.toBe(epoch)
    await pod.close()
  })
})

describe('acknowledging', () => {
  test('forgets what is below, keeps what is above, and never goes back', async () => {
    await fill(5)
    expect((await ack(3)).status).toBe(204)
    expect((await ack(3)).status).toBe(204)
    expect((await ack(1)).status).toBe(204)
    expect((await ack(0)).status).toBe(204)
    const marks = await sql('SELECT acked_sequence FROM message.mailbox WHERE user_id = $1', alice.person.userId)
    expect(marks).toEqual([{ acked_sequence: '3' }])
    expect(sequencesOf(await read())).toEqual([4, 5])
    expect(sequencesOf(await read('?after=0'))).toEqual([4, 5])
  })

  test('beyond the end is refused, names the limit and changes nothing', async () => {
    await fill(2)
    const answer = await ack(3)
    expect(answer).toMatchObject({ status: 400, body: { error: { code: 'validation_failed', field: 'up_to' } } })
    expect(answer.body.error.message).toContain('at most 2')
    expect(sequencesOf(await read())).toEqual([1, 2])
    for (const up_to of [-1, 1.5, '1', null, 9_007_199_254_740_992]) {
      const { status } = await asAlice().call('POST', '/api/messages/ack', { up_to })
      expect([up_to, status]).toEqual([up_to, 400])
    }
  })

  test('of a longer mailbox than goes at once leaves nothing, also where numbers are missing in it', async () => {
    await insert(1, 40)
    await insert(5_600, 12_000)
    expect((await ack(11_999)).status).toBe(204)
    expect(sequencesOf(await read('?after=0'))).toEqual([12_000])
  })

  test('by several requests at once on two pods ends at the highest', async () => {
    const pod = await message.secondPod()
    await fill(20)
    const logins = [asAlice(), pod.as(asAlice())]
    const answers = await Promise.all(
      upTo(20).map(up_to => logins[up_to % 2]?.call('POST', '/api/messages/ack', { up_to: up_to === 20 ? 19 : up_to })),
    )
    expect(answers.every(answer => answer?.status === 204)).toBe(true)
    expect(sequencesOf(await read('?after=0'))).toEqual([20])
    await pod.close()
  })
})

test('a deletion takes the lock of the mailbox before its entries, as acknowledgements do', async () => {
  await fill(2)
  const [{ message_id = '' } = {}] = await sql<{ message_id: string }>(
    'SELECT message_id FROM message.entry WHERE user_id = $1 AND sequence = 1',
    alice.person.userId,
  )
  const deletion = await message.context.database.transaction(async query => {
    await query('SELECT 1 FROM message.mailbox WHERE user_id = $1 FOR UPDATE', [alice.person.userId])
    const asked = asAlice().call('DELETE', `/api/message/${message_id}`)
    await vi.waitFor(async () => {
      const waiting = await sql(
        `SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'
           AND query LIKE '%message.mailbox%'`,
      )
      expect(waiting).toHaveLength(1)
    })
    // It holds no entry for which this one, holding the mailbox, could wait.
    await query('SELECT 1 FROM message.entry WHERE user_id = $1 FOR UPDATE NOWAIT', [alice.person.userId])
    return { asked }
  })
  expect((await deletion.asked).status).toBe(204)
  expect(sequencesOf(await read('?after=0'))).toEqual([2])
})

test('a device that reads too often is refused', async () => {
  expect((await asAlice().call('GET', '/api/messages')).status).toBe(200)
  isOver = true
  expect((await asAlice().call('GET', '/api/messages')).status).toBe(429)
})

test('a closed mailbox takes nothing, says nothing and takes no acknowledgement', async () => {
  const store = createFiller(message, bob, alice, sealed)
  await store()
  await sql('UPDATE message.mailbox SET closed = true WHERE user_id = $1', alice.person.userId)
  await expect(store()).rejects.toThrow('division by zero')
  expect((await asAlice().call('GET', '/api/messages')).body.error.code).toBe('device_required')
  expect((await ack(1)).body.error.code).toBe('device_required')
})

describe('what is over', () => {
  test('is deleted: messages after the time of retention, with their bodies, from all mailboxes', async () => {
    const store = createFiller(message, bob, alice, sealed)
    const body = new Uint8Array(limits.minBodyApartBytes)
    await store({ body })
    message.clock.advance(20 * dayMs)
    await store({ body })
    message.clock.advance(10 * dayMs)
    await message.runJobs()
    expect([await countOf('entry'), await countOf('body')]).toEqual([2, 2])
    message.clock.advance(1)
    await message.runJobs()
    expect([await countOf('entry'), await countOf('body')]).toEqual([1, 1])
    expect(await read('?after=0')).toMatchObject({ messages: [{ sequence: 2 }], next: 2 })
    message.clock.advance(30 * dayMs)
    await message.runJobs()
    expect([await countOf('entry'), await countOf('body')]).toEqual([0, 0])
    expect(await read('?after=0')).toMatchObject({ messages: [], next: 2, more: false })
  })

  test('is deleted: bodies whose last envelope was acknowledged, after an hour', async () => {
    const store = createFiller(message, bob, alice, sealed)
    await store({ body: new Uint8Array(limits.minBodyApartBytes) })
    await store({ body: new Uint8Array(limits.minBodyApartBytes) })
    await ack(1)
    message.clock.advance(hourMs + 1)
    await message.runJobs()
    expect(await countOf('body')).toBe(1)
    expect(encodeBase64(new Uint8Array(limits.minBodyApartBytes))).toBe((await read()).messages[0].body)
  })

  test('is deleted in as many goes as it takes', async () => {
    await insert(1, 12_500)
    message.clock.advance(30 * dayMs + 1)
    await message.runJobs()
    expect(await countOf('entry')).toBe(0)
  })

  test('is deleted from more mailboxes, and of more bodies, than one go looks at', async () => {
    await sql(
      `INSERT INTO message.device SELECT $1, n, ''::bytea, 0, now(), now() FROM generate_series(1, 2500) n`,
      alice.person.userId,
    )
    await sql(
      'INSERT INTO message.mailbox (user_id, device_id, epoch) SELECT $1, n, 1 FROM generate_series(1, 2500) n',
      alice.person.userId,
    )
    const add = (sequence: number, at: number) =>
      sql(
        `INSERT INTO message.entry SELECT $1, n, $2, gen_random_uuid(), $1, 1, false, $3, '' FROM generate_series(1, 2500) n`,
        ...[alice.person.userId, sequence, at],
      )
    await add(1, message.clock.now() - 30 * dayMs - 1)
    await add(2, message.clock.now())
    const keep = newId()
    await sql(
      `INSERT INTO message.body SELECT $1, 1, gen_random_uuid(), $2, '' FROM generate_series(1, 2500)`,
      ...[bob.person.userId, message.clock.now() - hourMs - 1],
    )
    await sql(
      `INSERT INTO message.body SELECT $1, 1, $2, $3, ''`,
      bob.person.userId,
      keep,
      message.clock.now() - hourMs - 1,
    )
    await sql(
      `UPDATE message.entry SET has_body = true, sender_user = $3, message_id = $2
       WHERE user_id = $1 AND device_id = 2500 AND sequence = 2`,
      ...[alice.person.userId, keep, bob.person.userId],
    )
    await message.runJobs()
    const left = await sql('SELECT DISTINCT sequence::int FROM message.entry WHERE user_id = $1', alice.person.userId)
    expect([left, await countOf('entry'), await countOf('body')]).toEqual([[{ sequence: 2 }], 2_500, 1])
  })

  test('is left to the pod that is at it already', async () => {
    await fill(1)
    message.clock.advance(30 * dayMs + 1)
    await message.context.database.transaction(async query => {
      for (const job of ['retention of entry', 'retention of entry_default'])
        await query(`SELECT pg_advisory_xact_lock(hashtext('qsm message jobs'), hashtext($1))`, [job])
      await message.runJobs()
      expect(await countOf('entry')).toBe(1)
    })
    await message.runJobs()
    expect(await countOf('entry')).toBe(0)
  })
})
