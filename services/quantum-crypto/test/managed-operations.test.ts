import { type ManagedCall, maxOperationsPerCall } from '@qsm/contract'
import { newId } from '@qsm/server-kit'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { call, type Person, startQuantum, type TestQuantum } from './support/start-quantum.js'

let quantum: TestQuantum
const path = '/internal/managed-operations'

beforeAll(async () => {
  quantum = await startQuantum()
})
afterAll(() => quantum.close())

const ensure = (person: Pick<Person, 'token'>): ManagedCall => ({
  token: person.token,
  input: { operation: 'ensure_device', unusable_device_ids: [] },
})
const peers = (person: Pick<Person, 'token'>): ManagedCall => ({
  token: person.token,
  input: { operation: 'list_session_peers' },
})
const post = (operations: readonly object[], token = quantum.context.tokens.issueService('message')) =>
  call(quantum.url, 'POST', path, { body: { operations }, token })

describe('the route of managed operations', () => {
  it('does each operation for the user of its token, and tells of each by itself', async () => {
    const [alice, bob] = [await quantum.person(), await quantum.person()]
    const { status, body } = await post([
      ensure(alice),
      peers(alice),
      peers(bob),
      ensure(bob),
      ensure({ token: 'none' }),
    ])
    expect(status).toBe(200)
    expect(body.results).toMatchObject([
      { output: { is_new: true } },
      { output: { peer_user_ids: [] } },
      { status: 403, error: { code: 'device_required' } },
      { output: { is_new: true } },
      { status: 401, error: { code: 'unauthorized' } },
    ])
    const ids = await quantum.context.database.query<{ user_id: string; device_id: string }>(
      'SELECT user_id, device_id FROM crypto.device WHERE user_id = ANY ($1::uuid[])',
      [[alice.userId, bob.userId]],
    )
    const idOf = (person: Person) => Number(ids.find(row => row.user_id === person.userId)?.device_id)
    expect([idOf(alice), idOf(bob)]).toEqual([body.results[0].output.device_id, body.results[3].output.device_id])
  })

  it('wants the credential of a service besides: the token of a user opens it to nobody', async () => {
    const alice = await quantum.person()
    expect((await post([ensure(alice)], alice.token)).status).toBe(401)
    expect((await call(quantum.url, 'POST', path, { body: { operations: [ensure(alice)] } })).status).toBe(401)
    const credential = quantum.context.tokens.issueService('message')
    const { body } = await post([{ ...ensure(alice), token: credential }])
    expect(body.results[0]).toMatchObject({ status: 401 })
  })

  it('refuses what is no operation, and more than 64, before any is done', async () => {
    const alice = await quantum.person()
    for (const operations of [
      [],
      [{ token: alice.token, input: { operation: 'export_keys' } }],
      [{ token: alice.token, input: { operation: 'ensure_device', unusable_device_ids: [0] } }],
      [ensure(alice), { token: alice.token, input: { operation: 'list_session_peers', user_id: newId() } }],
      Array.from({ length: maxOperationsPerCall + 1 }, () => ensure(alice)),
    ]) {
      expect((await post(operations)).status).toBe(400)
    }
    const { body } = await post([peers(alice)])
    expect(body.results[0]).toMatchObject({ error: { code: 'device_required' } })
  })

  it('does nothing for a login session that has ended, nor for a user who is disabled', async () => {
    const [alice, bob] = [await quantum.person(), await quantum.person()]
    const event = { username: 'anybody', at: new Date(quantum.clock.now()).toISOString() }
    quantum.feed.add({ ...event, type: 'session_ended', user_id: alice.userId, session_id: alice.sessionId })
    quantum.feed.add({ ...event, type: 'disabled', user_id: bob.userId, session_id: null })
    await quantum.app.owners.sync()
    const { body } = await post([ensure(alice), ensure(bob)])
    expect(body.results.map((result: { status: number }) => result.status)).toEqual([401, 401])
  })

  it('knows nothing of a user any more who was deleted', async () => {
    const alice = await quantum.person()
    await post([
      ensure(alice),
      { token: alice.token, input: { operation: 'make_prekeys', one_time: 1, last_resort: false } },
    ])
    const at = new Date(quantum.clock.now()).toISOString()
    quantum.feed.add({ type: 'deleted', user_id: alice.userId, username: alice.username, session_id: null, at })
    await quantum.app.owners.sync()
    for (const table of ['device', 'prekey', 'owner']) {
      const left = await quantum.context.database.query(`SELECT 1 FROM crypto.${table} WHERE user_id = $1`, [
        alice.userId,
      ])
      expect([table, left]).toEqual([table, []])
    }
    expect((await post([ensure(alice)])).body.results[0]).toMatchObject({ status: 401 })
  })

  it('does the operations of one user in their order', async () => {
    const alice = await quantum.person()
    const destroy = { token: alice.token, input: { operation: 'destroy_device' } }
    const { body } = await post([ensure(alice), destroy, peers(alice), ensure(alice)])
    expect(body.results).toMatchObject([
      { output: { is_new: true } },
      { output: {} },
      { error: { code: 'device_required' } },
      { output: { is_new: true } },
    ])
  })

  it('can be asked in the same process, where a signal ends the waiting', async () => {
    const alice = await quantum.person()
    const [result] = await quantum.app.runOperations([ensure(alice)], new AbortController().signal)
    expect(result).toMatchObject({ output: { is_new: true } })
    const gone = quantum.app.runOperations([ensure(alice)], AbortSignal.abort(new Error('too late')))
    await expect(gone).rejects.toThrow('too late')
    const during = new AbortController()
    const work = quantum.app.runOperations([ensure(alice)], during.signal)
    during.abort(new Error('nobody waits'))
    await expect(work).rejects.toThrow('nobody waits')
  })
})
