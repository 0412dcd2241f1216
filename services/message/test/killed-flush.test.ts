import pg from 'pg'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { startTestPostgres, type TestPostgres } from '../../../tests/support/database.js'
import { openSocketClient } from '../../../tests/support/socket-client.js'
import { makeParty, openConversation, type Party, type SendBody } from './support/conversation.js'
import { startMessage, type TestMessage } from './support/start-message.js'

let postgres: TestPostgres
let message: TestMessage
let alice: Party
let senders: { readonly party: Party; readonly seal: (text: string) => Promise<SendBody> }[]

beforeAll(async () => {
  postgres = await startTestPostgres()
  const { url } = await postgres.createDatabase()
  message = await startMessage({ database: { url, drop: async () => {} } })
  alice = await makeParty(await message.person())
  senders = []
  for (let count = 0; count < 4; count += 1) {
    const party = await makeParty(await message.person())
    const talk = await openConversation(message.algorithms, alice, party)
    senders.push({ party, seal: text => talk.seal(text) })
  }
})
afterAll(async () => {
  await message.close()
  await postgres.remove()
})

const sequences = async (): Promise<readonly number[]> => {
  const { body } = await alice.person.call('GET', '/api/messages?after=0&limit=100')
  return body.messages.map((one: { readonly sequence: number }) => one.sequence)
}
const stored = async () => {
  const counts = await Promise.all(
    ['entry', 'sent', 'seen'].map(table => message.context.database.query(`SELECT 1 FROM message.${table}`)),
  )
  return counts.map(rows => rows.length)
}

/** Whoever holds the row of a mailbox keeps the flush from its numbers, in the middle of its statement. */
const holdMailbox = async (): Promise<pg.Client> => {
  const client = new pg.Client({ connectionString: message.databaseUrl })
  client.on('error', () => {})
  await client.connect()
  await client.query('BEGIN')
  await client.query('SELECT 1 FROM message.mailbox WHERE user_id = $1 FOR UPDATE', [alice.person.userId])
  return client
}
const flushing = async (): Promise<readonly number[]> => {
  const rows = await message.context.database.query<{ pid: number }>(
    `SELECT pid FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%WITH item AS%'`,
  )
  return rows.map(row => row.pid)
}

test.each([
  [
    'is ended by the server',
    async (pids: readonly number[]) => {
      await message.context.database.query('SELECT pg_terminate_backend(pid) FROM unnest($1::int[]) AS pid', [pids])
    },
  ],
  [
    'is killed, and the whole server recovers',
    async (pids: readonly number[]) => {
      for (const pid of pids) process.kill(pid, 'SIGKILL')
    },
  ],
])(
  'a flush whose backend %s stores nothing, its senders get 503 and send again, and each message comes once',
  async (_, kill) => {
    const before = { stored: await stored(), sequences: await sequences() }
    const socket = await openSocketClient(message.url, { token: alice.person.token })
    await socket.next('backlog_end')
    const sends = await Promise.all(
      senders.map(async ({ party, seal }, index) => {
        const body = await seal(`text of ${index}`)
        return () => party.person.call('POST', '/api/message/send', body)
      }),
    )
    const holder = await holdMailbox()
    const answers = Promise.all(sends.map(send => send()))
    const pids = await vi.waitFor(async () => {
      const found = await flushing()
      expect(found.length).toBeGreaterThan(0)
      return found
    })
    await kill(pids)
    for (const answer of await answers) {
      expect(answer).toMatchObject({ status: 503, body: { error: { code: 'unavailable', retryable: true } } })
    }
    await holder.end().catch(() => {})
    await vi.waitFor(async () => expect(await stored()).toEqual(before.stored), { timeout: 20_000 })
    expect(await sequences()).toEqual(before.sequences)
    const again = await Promise.all(sends.map(send => send()))
    const thrice = await Promise.all(sends.map(send => send()))
    expect(again.map(answer => answer.status)).toEqual([201, 201, 201, 201])
    expect(thrice).toEqual(again)
    const count = before.sequences.length + senders.length
    expect(await sequences()).toEqual(Array.from({ length: count }, (_, index) => index + 1))
    await socket.until(frames => frames.filter(frame => frame.type === 'delivery').length >= count)
    socket.end()
  },
  60_000,
)
