import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { checkedQuantumFetch } from '../support/checked-fetch.js'
import { type ServerPair, startServerPair } from '../support/server-pair.js'
import { type Answer, type ThinPerson, thinPerson } from '../support/thin.js'

const kills = 50
let pair: ServerPair
let database: pg.Client

beforeAll(async () => {
  pair = await startServerPair({ LOG_LEVEL: 'warn' })
  database = new pg.Client({ connectionString: pair.databaseUrl })
  await database.connect()
}, 120_000)

afterAll(async () => {
  await database.end()
  await pair.end()
})

/** What the quantum service itself answers, once it is not too busy; null where it is gone. */
const askQuantum = async (person: ThinPerson, path: string, body: object): Promise<Answer['body'] | null> => {
  const headers = { authorization: `Bearer ${person.token}`, 'content-type': 'application/json' }
  const init = { method: 'POST', headers, body: JSON.stringify(body) }
  for (;;) {
    const response = await checkedQuantumFetch(`${pair.quantumUrl}/api/quantum/${path}`, init).catch(() => null)
    if (response === null) return null
    if (response.ok) return response.json()
    expect([path, response.status]).toEqual([path, 503])
    await sleep(200)
  }
}

const untilSettled = (work: readonly Promise<unknown>[], count: number): Promise<void> =>
  new Promise(resolve => {
    let settled = 0
    const look = () => {
      if (settled === count) resolve()
      settled += 1
    }
    look()
    for (const each of work) each.then(look, look)
  })

const isAway = ({ status, body }: Answer): boolean => status === 503 && body.error.code === 'unavailable'

/** Asks until the answer is another than that a part is away. A busy machine may also be too slow for its database. */
const untilThere = async (ask: () => Promise<Answer>): Promise<Answer> => {
  for (;;) {
    const answer = await ask()
    if (!isAway(answer)) return answer
    await sleep(200)
  }
}

const newPerson = async (who: string): Promise<ThinPerson> => {
  for (;;) {
    try {
      return await thinPerson(pair.url, who)
    } catch (error) {
      if (!String(error).includes('answered 503')) throw error
      await sleep(200)
    }
  }
}

/** The same, and wants a 2xx. */
const fine = async (ask: () => Promise<Answer>): Promise<Answer['body']> => {
  const { status, body } = await untilThere(ask)
  expect([status, body]).toEqual([expect.toSatisfy((code: number) => code < 300), body])
  return body
}

const keygen = (person: ThinPerson) => askQuantum(person, 'keygen', { user_id: person.username, key_type: 'all' })

/** Keys are there all three, made together, and those whose public halves stand in the database are the ones that sign. */
const expectWholeKeys = async (person: ThinPerson): Promise<void> => {
  const { rows } = await database.query<{ algorithm: string; version: number; public_key: Buffer }>(
    'SELECT algorithm, version, public_key FROM crypto.managed_key WHERE user_id = $1 ORDER BY algorithm',
    [person.userId],
  )
  if (rows.length === 0) return
  expect(rows.map(row => row.algorithm)).toEqual(['ECDSA-P256-SHA256', 'Falcon-512', 'ML-KEM-768'])
  expect(new Set(rows.map(row => row.version)).size).toBe(1)
  const [, falcon, kem] = rows.map(row => row.public_key.toString('base64'))
  const signed = await askQuantum(person, 'wrap_sign', {
    ...{ message: 'whole', user_id: person.username, signature_type: 'falcon_only' },
  })
  const verified = await askQuantum(person, 'wrap_verify', {
    ...{ message: 'whole', signature_type: 'falcon_only' },
    ...{ falcon_signature: signed.falcon_signature, falcon_public: falcon },
  })
  expect(verified).toMatchObject({ valid: true })
  const to = { receiver_public_key: kem, session_id: 'whole' }
  const { ciphertext, shared_secret } = await askQuantum(person, 'encapsulate', to)
  const opened = await askQuantum(person, 'decapsulate', { ciphertext, user_id: person.username, session_id: 'whole' })
  expect(opened.shared_secret).toBe(shared_secret)
}

const contentsFrom = async (reader: ThinPerson, sender: ThinPerson): Promise<readonly string[]> => {
  const contents: string[] = []
  for (let after = 0, more = true; more; ) {
    const from = after
    const page = await fine(() => reader.call('GET', `/api/messages?after=${from}&limit=100`))
    for (const message of page.messages) {
      if (message.sender_username !== sender.username) continue
      expect(message).toMatchObject({ verified: true })
      contents.push(message.content)
    }
    after = page.next
    more = page.more
  }
  return contents
}

it('a quantum service that is killed 50 times leaves no half of a key, a handshake or a message', async () => {
  const [alice, bob] = [await newPerson('alice'), await newPerson('bob')]
  const ask = (guest: ThinPerson) => () =>
    guest.call('POST', '/api/connection/request', { receiver_username: alice.username })
  const pending = async (guest: ThinPerson) => {
    const { requests } = await fine(() => alice.call('GET', '/api/connection/pending'))
    return requests.find((one: { sender_id: string }) => one.sender_id === guest.userId).request_id
  }
  const accept = (request_id: string) => () =>
    alice.call('POST', '/api/connection/respond', { request_id, accept: true })
  await fine(ask(bob))
  await fine(accept(await pending(bob)))
  const guests = [await newPerson('guest')]
  await fine(ask(guests[0] as ThinPerson))
  let struck = 0
  let spared = 0

  for (let round = 0; round < kills; round += 1) {
    const before = guests.at(-1) as ThinPerson
    const guest = await newPerson('guest')
    guests.push(guest)
    const acceptBefore = accept(await pending(before))
    const text = { content: `text ${round}`, recipient: bob.username, client_message_id: randomUUID() }
    const send = () => alice.call('POST', '/api/message/send', text)

    const first = [ask(guest)(), acceptBefore(), send(), keygen(guest)] as const
    // Behind none to three of the answers, and some milliseconds more: anywhere within the work.
    await untilSettled(first, round % 4)
    await sleep((round * 37) % (round % 4 === 0 ? 251 : 31))
    await pair.quantum.kill()
    const [asked, accepted, sent, keys] = await Promise.all(first)
    for (const answer of [asked, accepted, sent]) {
      if (isAway(answer)) struck += 1
      else {
        expect(answer.status).toBeLessThan(300)
        spared += 1
      }
    }
    await pair.startQuantum()

    await expectWholeKeys(guest)
    if (keys === null) expect(await keygen(guest)).not.toBeNull()
    await expectWholeKeys(guest)
    await fine(ask(guest))
    // Where the first answer was stored and only its telling was lost, another one is too late.
    expect([200, 409]).toContain((await untilThere(acceptBefore)).status)
    const repeated = await untilThere(send)
    expect(repeated.status).toBe(201)
    if (!isAway(sent)) expect(repeated.body).toEqual(sent.body)
    const hello = { content: `from guest ${round}`, recipient: alice.username }
    await fine(() => before.call('POST', '/api/message/send', hello))
  }

  const texts = Array.from({ length: kills }, (_, round) => `text ${round}`)
  expect(await contentsFrom(bob, alice)).toEqual(texts)
  for (const [round, guest] of guests.slice(0, -1).entries()) {
    expect(await contentsFrom(alice, guest)).toEqual([`from guest ${round}`])
  }
  // Kills came before and behind answers, or this has shown nothing.
  expect(struck).toBeGreaterThan(0)
  expect(spared).toBeGreaterThan(0)
}, 1_800_000)
