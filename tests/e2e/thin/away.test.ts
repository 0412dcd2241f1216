import { randomUUID } from 'node:crypto'
import { afterAll, afterEach, beforeAll, expect, it, vi } from 'vitest'
import { createPeople, newName, type People, receiveAll } from '../../support/sdk.js'
import { type ServerPair, startServerPair } from '../../support/server-pair.js'
import { connectThin, type ThinPerson, thinPerson } from '../../support/thin.js'

vi.setConfig({ testTimeout: 180_000 })

let pair: ServerPair
let people: People
let alice: ThinPerson
let bob: ThinPerson

const send = (content: string, client_message_id: string = randomUUID()) =>
  alice.call('POST', '/api/message/send', { content, recipient: bob.username, client_message_id })
/** As a client does that was told to try again: with the same id, until there is another answer. */
const sendPatiently = async (content: string, id: string): Promise<number> => {
  let status = 0
  await expect
    .poll(
      async () => {
        status = await send(content, id).then(
          answer => answer.status,
          () => 0, // The connection was lost with the process.
        )
        return status !== 0 && status !== 503
      },
      { timeout: 60_000, interval: 200 },
    )
    .toBe(true)
  return status
}
const contents = async (reader: ThinPerson): Promise<string[]> => {
  const all: string[] = []
  for (let after = 0, more = true; more; ) {
    const page = await reader.get(`/api/messages?after=${after}&limit=100`)
    all.push(...page.messages.map((message: { content: string }) => message.content))
    after = page.next
    more = page.more
  }
  return all
}

beforeAll(async () => {
  pair = await startServerPair({ LOG_LEVEL: 'fatal' })
  people = createPeople(() => pair.url)
  alice = await thinPerson(pair.url, 'alice')
  bob = await thinPerson(pair.url, 'bob')
  await connectThin(alice, bob)
}, 180_000)
afterEach(() => people.closeAll())
afterAll(() => pair.end(), 60_000)

it('over two processes, thin clients talk as in one', async () => {
  expect(await sendPatiently('over two processes', randomUUID())).toBe(201)
  expect((await contents(bob)).at(-1)).toBe('over two processes')
})

it('while the quantum service is gone thin calls say so, end-to-end clients go on, and all is well when it is back', async () => {
  const [carol, dave] = [await people.register(newName('carol')), await people.register(newName('dave'))]
  await carol.start(dave.username)
  await pair.quantum.kill()
  for (const answer of [await send('lost?'), await bob.call('GET', '/api/messages')]) {
    expect([answer.status, answer.body.error.code, answer.body.error.retryable]).toEqual([503, 'unavailable', true])
    expect(answer.body.error.message).toMatch(/quantum service.*try again/i)
    expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0)
  }
  await carol.send(dave.username, 'nothing noticed')
  expect(await receiveAll(dave)).toMatchObject([{ text: 'nothing noticed' }])
  const id = randomUUID()
  expect((await send('waits for it', id)).status).toBe(503)
  await pair.startQuantum()
  expect(await sendPatiently('waits for it', id)).toBe(201)
  expect((await contents(bob)).filter(text => text === 'waits for it')).toHaveLength(1)
})

it('while the quantum service stands still thin calls are answered all the same', async () => {
  process.kill(pair.quantum.pid, 'SIGSTOP')
  try {
    const answer = await send('into the silence')
    expect([answer.status, answer.body.error.code]).toEqual([503, 'unavailable'])
  } finally {
    process.kill(pair.quantum.pid, 'SIGCONT')
  }
  expect(await sendPatiently('it moves again', randomUUID())).toBe(201)
})

it('a main application that is killed in the middle of sends stores each message once', async () => {
  const sent: string[] = []
  for (let round = 0; round < 5; round += 1) {
    const ids = [0, 1, 2].map(() => randomUUID())
    const first = ids.map((id, lane) => send(`kill ${round}/${lane}`, id).catch(() => null))
    // Somewhere between the first look and the answer; another place in each round.
    await new Promise(resolve => setTimeout(resolve, round * 25))
    await pair.main.kill()
    await Promise.all(first)
    await pair.startMain()
    for (const [lane, id] of ids.entries()) {
      expect(await sendPatiently(`kill ${round}/${lane}`, id)).toBe(201)
      sent.push(`kill ${round}/${lane}`)
    }
  }
  for (const reader of [alice, bob]) {
    expect((await contents(reader)).filter(text => text.startsWith('kill ')).sort()).toEqual([...sent].sort())
  }
})
