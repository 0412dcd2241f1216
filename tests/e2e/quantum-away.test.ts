import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { createPeople, newName, type People, receiveAll, welcoming } from '../support/sdk.js'
import { type ServerPair, startServerPair } from '../support/server-pair.js'
import { connectThin, type ThinPerson, thinPerson } from '../support/thin.js'

vi.setConfig({ testTimeout: 120_000 })

let pair: ServerPair
let people: People
let alice: ThinPerson
let bob: ThinPerson
const patience = { timeout: 30_000, interval: 100 }

const health = async () => {
  const response = await fetch(`${pair.url}/api/health`)
  return { code: response.status, ...((await response.json()) as Record<string, unknown>) }
}
const expectHealthy = () =>
  vi.waitFor(async () => expect(await health()).toMatchObject({ code: 200, status: 'healthy' }), patience)
const degraded = { code: 200, status: 'degraded', database: 'ok', quantum_service: 'unavailable' }

beforeAll(async () => {
  pair = await startServerPair({ LOG_LEVEL: 'warn' })
  people = createPeople(() => pair.url)
  await expectHealthy()
  alice = await thinPerson(pair.url, 'alice')
  bob = await thinPerson(pair.url, 'bob')
  await connectThin(alice, bob)
}, 120_000)

afterEach(async () => {
  await people.closeAll()
  await expectHealthy()
})
afterAll(() => pair.end())

/** What a thin client cannot have without the quantum service. */
const thinCalls = (request_id: string): readonly (readonly [string, string, object?])[] => [
  ['POST', '/api/connection/request', { receiver_username: bob.username }],
  ['POST', '/api/connection/respond', { request_id, accept: true }],
  ['POST', '/api/message/send', { content: 'hello', recipient: bob.username }],
  ['GET', '/api/messages'],
  ['GET', `/api/session/status?peer=${bob.username}`],
  ['POST', '/api/session/terminate', { peer: bob.username }],
]

const expectThinToWait = async (request_id: string) => {
  for (const [method, path, body] of thinCalls(request_id)) {
    const answer = await alice.call(method, path, body)
    expect([path, answer.status, answer.body.error.code]).toEqual([path, 503, 'unavailable'])
    expect(answer.body.error.message).toMatch(/quantum service.*try again/)
    expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0)
  }
}

/** A request to alice that waits for her answer. */
const requestToAlice = async (): Promise<string> => {
  const carol = await thinPerson(pair.url, 'carol')
  const asked = await carol.post('/api/connection/request', { receiver_username: alice.username })
  return asked.request_id
}

describe('while the quantum service is gone', () => {
  it('end-to-end clients notice nothing: they register, connect, send to anybody and receive', async () => {
    const carol = await people.register(newName('carol'))
    await carol.request(alice.username)
    const { requests } = await alice.get('/api/connection/pending')
    await alice.post('/api/connection/respond', { request_id: requests[0].request_id, accept: true })
    await carol.connect(alice.username)

    await pair.quantum.kill()
    await expect.poll(health, patience).toMatchObject(degraded)
    const dave = welcoming(await people.register(newName('dave')))
    await carol.connect(dave.username)
    await carol.send(dave.username, 'do you notice anything?')
    expect(await receiveAll(dave)).toMatchObject([{ text: 'do you notice anything?', verified: true }])
    await dave.send(carol.username, 'no')
    expect(await receiveAll(carol)).toMatchObject([{ text: 'no', verified: true }])
    const erin = await people.register(newName('erin'))
    await erin.start(dave.username)
    await erin.send(dave.username, 'begun by prekeys')
    expect(await receiveAll(dave)).toMatchObject([{ text: 'begun by prekeys' }])
    await carol.send(alice.username, 'for when you can read again')

    await pair.startQuantum()
    await expectHealthy()
    expect(await alice.read()).toMatchObject([{ content: 'for when you can read again', verified: true }])
  })

  it('thin calls are told so by name, logins say it, and all is well again by itself', async () => {
    const request = await requestToAlice()
    await pair.quantum.stop()
    await expectThinToWait(request)
    await expect.poll(health, patience).toMatchObject(degraded)
    const name = newName('late')
    const account = { username: name, email: `${name}@example.org`, password: 'correct horse battery' }
    const registered = await fetch(`${pair.url}/api/register`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(account),
    })
    expect([registered.status, await registered.json()]).toEqual([
      201,
      expect.objectContaining({ quantum_ready: false }),
    ])
    await pair.startQuantum()
    await expectHealthy()
    const send = () => alice.call('POST', '/api/message/send', { content: 'there again', recipient: bob.username })
    await expect.poll(async () => (await send()).status, patience).toBe(201)
    expect((await bob.read()).at(-1)).toMatchObject({ content: 'there again', verified: true })
  })
})

describe('while the quantum service hangs', () => {
  it('thin calls are answered all the same, and health says degraded', async () => {
    const request = await requestToAlice()
    process.kill(pair.quantum.pid, 'SIGSTOP')
    try {
      await expectThinToWait(request)
      await expect.poll(health, patience).toMatchObject(degraded)
    } finally {
      process.kill(pair.quantum.pid, 'SIGCONT')
    }
    await expectHealthy()
  })
})
