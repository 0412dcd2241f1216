import { encodeBase64 } from '@qsm/contract'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openByMessage } from '../src/connections/open-by-message.js'
import type { TestDevice } from './support/local-device.js'
import type { Login, Person } from './support/person.js'
import { startMessage, type TestMessage } from './support/start-message.js'

let pods: readonly [TestMessage, TestMessage]

beforeAll(async () => {
  const first = await startMessage()
  pods = [first, await first.secondPod()]
})

afterAll(async () => {
  for (const pod of [...pods].reverse()) await pod.close()
})

interface Member {
  readonly person: Person
  readonly device: TestDevice
}

/** A small generator (mulberry32), so that a failing run can be run again. */
const createRandom = (seed: number) => {
  let state = seed
  return (below: number): number => {
    state = (state + 0x6d2b79f5) | 0
    let value = Math.imul(state ^ (state >>> 15), 1 | state)
    value = (value + Math.imul(value ^ (value >>> 7), 61 | value)) ^ value
    return ((value ^ (value >>> 14)) >>> 0) % below
  }
}

/** What a send does to the rows of two users, without envelopes. */
const touchLikeSend = ({ context }: TestMessage, from: string, to: string) =>
  context.database.transaction(async query => {
    await openByMessage(query, from, to)
    await query(
      `SELECT 1 FROM message.mailbox WHERE user_id = ANY($1::uuid[]) ORDER BY user_id, device_id FOR UPDATE`,
      [[from, to]],
    )
  })

test('nothing that happens at once between a few users waits for itself: no deadlock, no 5xx, on two pods', async () => {
  const [main] = pods
  const members: Member[] = []
  for (let count = 0; count < 5; count += 1) {
    const person = await main.person()
    members.push({ person, device: await person.withDevice() })
  }
  const random = createRandom(7)
  const pick = () => members[random(members.length)] as Member
  let prekeyId = 0
  let doomed = 0

  const deleteSomebody = async () => {
    doomed += 1
    const victim = await main.person()
    const device = await victim.withDevice()
    const peer = pick().person
    const at = new Date(main.clock.now()).toISOString()
    const { userId: user_id, username } = victim
    const busy = Array.from({ length: 4 }, async () => {
      await victim.call('POST', `/api/users/${peer.username}/bundles`)
      const { bytes } = await device.request(peer.userId)
      await victim.call('POST', '/api/connection/request', {
        receiver_username: peer.username,
        handshake: encodeBase64(bytes),
      })
    })
    await new Promise(setImmediate)
    main.feed.add({ type: 'deleted', user_id, username, session_id: null, at })
    await Promise.all([main.app.accounts.sync(), ...busy])
    return { status: 204 }
  }

  const operations: readonly ((
    at: (login: Login) => Login,
    one: Member,
    other: Member,
  ) => Promise<{ status: number }>)[] = [
    (at, one) => at(one.person).bind(one.device),
    async at => {
      const login = at(pick().person.login())
      const { person } = pick()
      const extra = await person.drawDevice({ falcon: pick().device.local.falcon })
      await login.bind(extra)
      const own = at(person.login())
      const { status } = await own.bind(extra)
      if (status === 201) await own.call('DELETE', `/api/devices/${extra.deviceId}`)
      return { status: 204 }
    },
    async (at, one) => {
      prekeyId += 1
      const prekeys = [encodeBase64(await one.device.prekey(prekeyId, prekeyId % 5 === 0 ? 2 : 1))]
      return at(one.person).call('PUT', `/api/devices/${one.device.deviceId}/prekeys`, { prekeys })
    },
    (at, one, other) => at(one.person).call('POST', `/api/users/${other.person.username}/bundles`),
    async (at, one, other) => {
      if (one === other) return { status: 204 }
      const { bytes } = await one.device.request(other.person.userId)
      const { body } = await at(one.person).call('POST', '/api/connection/request', {
        receiver_username: other.person.username,
        handshake: encodeBase64(bytes),
      })
      if (!body.request_id) return { status: body.status_code }
      const handshake = encodeBase64(await other.device.respond(bytes))
      const accept = random(3) > 0
      const answers = [0, 1].map(() =>
        at(other.person).call('POST', '/api/connection/respond', {
          request_id: body.request_id,
          accept,
          ...(accept ? { handshake } : {}),
        }),
      )
      return { status: Math.max(...(await Promise.all(answers)).map(answer => answer.status)) }
    },
    (at, one, other) =>
      at(one.person).call('POST', `/api/connections/${other.person.username}/block`, { blocked: random(4) === 0 }),
    (at, one) => at(one.person).call('GET', '/api/connections'),
    async (_, one, other) => {
      if (one !== other) await touchLikeSend(pods[random(2)] as TestMessage, one.person.userId, other.person.userId)
      return { status: 204 }
    },
    async () => {
      await main.runJobs()
      return { status: 204 }
    },
    deleteSomebody,
  ]

  const statuses = new Map<number, number>()
  const worker = async (rounds: number) => {
    for (let round = 0; round < rounds; round += 1) {
      const pod = pods[random(2)] as TestMessage
      const operation = operations[random(operations.length)] as (typeof operations)[number]
      const { status } = await operation(login => pod.as(login), pick(), pick())
      statuses.set(status, (statuses.get(status) ?? 0) + 1)
    }
  }
  await Promise.all(Array.from({ length: 8 }, () => worker(40)))
  expect([...statuses.keys()].filter(status => status >= 500)).toEqual([])
  expect(statuses.get(200)).toBeGreaterThan(50)
  expect(doomed).toBeGreaterThan(3)
  const [{ deadlocks } = { deadlocks: -1 }] = await main.context.database.query<{ deadlocks: number }>(
    'SELECT deadlocks::int FROM pg_stat_database WHERE datname = current_database()',
  )
  expect(deadlocks).toBe(0)
}, 120_000)
