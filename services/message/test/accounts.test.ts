import type { AccountEvent } from '@qsm/contract'
import { applyEvents, newId } from '@qsm/server-kit'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { projectEvents } from '../src/accounts/project-events.js'
import type { Person } from './support/person.js'
import { startMessage, type TestMessage } from './support/start-message.js'

let message: TestMessage

beforeAll(async () => {
  message = await startMessage()
})

afterAll(() => message.close())

beforeEach(() => {
  message.feed.isAway = false
})

const happen = async (type: AccountEvent['type'], person: Person, sessionId: string | null = null) => {
  const { userId, username } = person
  const at = new Date(message.clock.now()).toISOString()
  message.feed.add({ type, user_id: userId, username, session_id: sessionId, at })
  await message.app.accounts.sync()
}

describe('a user of the feed', () => {
  test('can be found and can register a device at once, without waiting for the next poll', async () => {
    const alice = await message.person()
    const created = { user_id: newId(), username: `late-${newId()}`, session_id: null }
    message.feed.add({ ...created, type: 'created', at: new Date(message.clock.now()).toISOString() })
    expect((await alice.call('GET', `/api/users/${created.username}/devices`)).status).toBe(200)
  })

  test('is known by one pod after another has read the feed, and every event is applied once', async () => {
    const pod = await message.secondPod()
    try {
      const alice = await pod.person()
      expect(await message.app.accounts.byId(alice.userId)).toEqual({ userId: alice.userId, username: alice.username })
      await Promise.all([pod.app.accounts.sync(), message.app.accounts.sync()])
      const [row] = await message.context.database.query<{ position: string }>(
        'SELECT position FROM message.feed_position',
      )
      expect((await message.feed.eventsAfter(Number(row?.position), 10)).events).toEqual([])
    } finally {
      await pod.close()
    }
  })

  test('that nobody has heard of is refused while auth answers, and told to wait while it does not', async () => {
    const alice = await message.person()
    const token = message.context.tokens.issueAccess({ userId: newId(), username: 'ghost', sessionId: newId() })
    const ghost = message.as({ ...alice, token })
    const device = await alice.drawDevice()
    expect((await ghost.bind(device)).status).toBe(401)
    message.feed.isAway = true
    const { status, body } = await ghost.bind(device)
    expect([status, body.error.code]).toEqual([503, 'unavailable'])
    expect((await alice.bind(device)).status).toBe(201)
  })

  test('that was disabled is not found and takes no requests until it is enabled', async () => {
    const [alice, bob] = [await message.person(), await message.person()]
    await happen('disabled', bob)
    expect((await alice.call('GET', `/api/users/${bob.username}/devices`)).status).toBe(404)
    expect((await alice.call('POST', `/api/users/${bob.username}/bundles`)).status).toBe(404)
    await happen('enabled', bob)
    expect((await alice.call('GET', `/api/users/${bob.username}/devices`)).status).toBe(200)
  })
})

describe('a token is no longer taken', () => {
  test('when its login session ends, while another session of the user goes on', async () => {
    const alice = await message.person()
    const second = alice.login()
    await alice.withDevice()
    expect((await second.call('GET', '/api/stats')).status).toBe(200)
    await happen('session_ended', alice, alice.sessionId)
    expect((await alice.call('GET', '/api/stats')).status).toBe(401)
    expect((await second.call('GET', '/api/stats')).status).toBe(200)
    expect(await message.app.devices.bound(second.sessionId)).toBeNull()
    const rows = await message.context.database.query('SELECT 1 FROM message.device_binding WHERE session_id = $1', [
      alice.sessionId,
    ])
    expect(rows).toEqual([])
  })

  test('when its account is disabled; one that is issued after it was enabled is taken', async () => {
    const alice = await message.person()
    await happen('disabled', alice)
    expect((await alice.call('GET', '/api/stats')).status).toBe(401)
    await happen('enabled', alice)
    expect((await alice.call('GET', '/api/stats')).status).toBe(401)
    message.clock.advance(1_000)
    expect((await alice.login().call('GET', '/api/stats')).status).toBe(200)
  })

  test('by a pod that starts later either', async () => {
    const alice = await message.person()
    await happen('session_ended', alice, alice.sessionId)
    const pod = await message.secondPod()
    try {
      expect((await pod.as(alice).call('GET', '/api/stats')).status).toBe(401)
    } finally {
      await pod.close()
    }
  })

  test('and whoever listens is told of it', async () => {
    const alice = await message.person()
    const heard: unknown[] = []
    const end = message.app.accounts.onRevoked(revoked => heard.push(revoked))
    const at = message.clock.now()
    await happen('session_ended', alice, alice.sessionId)
    await happen('deleted', alice)
    end()
    await happen('session_ended', await message.person(), newId())
    expect(heard).toEqual([
      { userId: alice.userId, sessionId: alice.sessionId, at },
      { userId: alice.userId, sessionId: null, at },
    ])
  })

  test('even where the database does not take the event yet', async () => {
    const alice = await message.person()
    const { database } = message.context
    const refuse = database.transaction(async query => {
      await query('SELECT 1 FROM message.feed_position FOR UPDATE')
      await happen('session_ended', alice, alice.sessionId)
      expect((await alice.call('GET', '/api/stats')).status).toBe(401)
    })
    await refuse
    await message.app.accounts.sync()
  })

  test('even where what came before it in the feed is not stored yet', async () => {
    const [alice, bob] = [await message.person(), await message.person()]
    await message.context.database.transaction(async query => {
      await query('SELECT 1 FROM message.feed_position FOR UPDATE')
      await happen('disabled', bob)
      await happen('session_ended', alice, alice.sessionId)
      expect((await alice.call('GET', '/api/stats')).status).toBe(401)
    })
    await message.app.accounts.sync()
    expect(await message.app.accounts.byId(bob.userId)).toBeNull()
  })
})

test('revocations are forgotten when no token can meet them any more', async () => {
  const alice = await message.person()
  await happen('session_ended', alice, alice.sessionId)
  message.clock.advance(2 * 1_800_000 + 1)
  await message.runJobs()
  const rows = await message.context.database.query('SELECT 1 FROM message.revocation')
  expect(rows).toEqual([])
})

test('a deleted account takes devices, prekeys, mailboxes, requests and connections along, and its name is free', async () => {
  const [alice, bob] = [await message.person(), await message.person()]
  const device = await alice.withDevice()
  await bob.withDevice()
  await bob.call('POST', `/api/connections/${alice.username}/block`)
  await happen('deleted', alice)
  expect((await alice.call('GET', '/api/devices')).status).toBe(401)
  expect((await bob.call('GET', '/api/connections')).body.connections).toEqual([])
  expect(await message.app.devices.bound(alice.sessionId)).toBeNull()
  await message.runJobs()
  for (const table of ['account', 'device', 'device_binding', 'mailbox']) {
    const rows = await message.context.database.query(`SELECT 1 FROM message.${table} WHERE user_id = $1`, [
      alice.userId,
    ])
    expect([table, rows]).toEqual([table, []])
  }
  const heir = await message.person(alice.username)
  expect(await message.app.accounts.byName(alice.username)).toEqual({ userId: heir.userId, username: alice.username })
  expect((await heir.call('GET', '/api/devices')).body.devices).toEqual([])
  expect(device.deviceId).toBeGreaterThan(0)
})

const fill = (userId: string, entries: number) =>
  message.context.database.query(
    `INSERT INTO message.entry SELECT user_id, device_id, n, gen_random_uuid(), gen_random_uuid(), 1, false, $2, ''
     FROM message.mailbox, generate_series(1, $3::int) n WHERE user_id = $1`,
    [userId, message.clock.now(), entries],
  )

const countEntries = async (userId: string): Promise<number> =>
  (await message.context.database.query('SELECT 1 FROM message.entry WHERE user_id = $1', [userId])).length

test('a large mailbox of a deleted account or a removed device is emptied by a job; nobody waits for it', async () => {
  const [alice, bob] = [await message.person(), await message.person()]
  await alice.withDevice()
  const device = await bob.withDevice()
  await fill(alice.userId, 2_500)
  await fill(bob.userId, 2_500)
  await happen('deleted', alice)
  expect((await bob.call('DELETE', `/api/devices/${device.deviceId}`)).status).toBe(204)
  expect([await countEntries(alice.userId), await countEntries(bob.userId)]).toEqual([2_500, 2_500])
  const { query } = message.context.database
  expect(
    await query('SELECT closed FROM message.mailbox WHERE user_id = ANY($1)', [[alice.userId, bob.userId]]),
  ).toEqual([{ closed: true }, { closed: true }])
  await message.runJobs()
  expect([await countEntries(alice.userId), await countEntries(bob.userId)]).toEqual([0, 0])
  expect(await query('SELECT 1 FROM message.mailbox WHERE user_id = ANY($1)', [[alice.userId, bob.userId]])).toEqual([])
})

test('a page of the feed is applied in its order: the last state counts, and a name that is free is given anew', async () => {
  const [alice, bob, carol] = [await message.person(), await message.person(), await message.person()]
  const at = new Date(message.clock.now()).toISOString()
  const add = (type: AccountEvent['type'], user_id: string, username: string, session_id: string | null = null) =>
    message.feed.add({ type, user_id, username, session_id, at })
  const [heir, brief] = [newId(), newId()]
  add('disabled', alice.userId, alice.username)
  add('enabled', alice.userId, alice.username)
  add('enabled', bob.userId, bob.username)
  add('disabled', bob.userId, bob.username)
  add('deleted', carol.userId, carol.username)
  add('created', brief, carol.username)
  add('deleted', brief, carol.username)
  add('created', heir, carol.username)
  await message.app.accounts.sync()
  const { byId, byName } = message.app.accounts
  expect((await byId(alice.userId))?.username).toBe(alice.username)
  expect(await byId(bob.userId)).toBeNull()
  expect(await byId(carol.userId)).toBeNull()
  expect(await byId(brief)).toBeNull()
  expect((await byName(carol.username))?.userId).toBe(heir)
})

test('a deleted account does not come back by an event that is late', async () => {
  const alice = await message.person()
  await happen('deleted', alice)
  await happen('enabled', alice)
  expect(await message.app.accounts.byId(alice.userId)).toBeNull()
})

test('the events of a page are stored by a few statements, however many they are', async () => {
  const alice = await message.person()
  await message.app.accounts.sync()
  const { database } = message.context
  const [{ position } = { position: '0' }] = await database.query<{ position: string }>(
    'SELECT position FROM message.feed_position',
  )
  const at = new Date(message.clock.now()).toISOString()
  const events = Array.from({ length: 500 }, (_, index) => ({
    ...{ id: Number(position) + 1 + index, type: 'session_ended' as const, session_id: newId(), at },
    ...{ user_id: alice.userId, username: alice.username },
  }))
  let statements = 0
  await database
    .transaction(async query => {
      const counting: typeof query = (...given) => {
        statements += 1
        return query(...given)
      }
      await applyEvents(counting, events, { schema: 'message', project: projectEvents })
      const rows = await query('SELECT 1 FROM message.revocation WHERE event_id > $1', [position])
      expect(rows).toHaveLength(500)
      throw new Error('only tried')
    })
    .catch(error => expect(String(error)).toContain('only tried'))
  expect(statements).toBeLessThan(10)
})
