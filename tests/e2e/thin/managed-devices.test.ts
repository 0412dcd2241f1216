import { decodeDeviceRecord } from '@qsm/protocol'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { Person } from '../../../services/message/test/support/person.js'
import { connect, readAll, startThinService, type ThinService } from '../../support/thin-service.js'

let service: ThinService

beforeAll(async () => {
  service = await startThinService()
}, 60_000)
afterEach(() => {
  service.between = (_, run) => run()
})
afterAll(() => service.close())

const devicesOf = async (who: Pick<Person, 'call'>) => (await who.call('GET', '/api/devices')).body.devices
const ask = (who: Pick<Person, 'call'>, receiver: Person) =>
  who.call('POST', '/api/connection/request', { receiver_username: receiver.username })
const send = (from: Person, to: Person, content = 'a text') =>
  from.call('POST', '/api/message/send', { content, recipient: to.username })
const contents = async (reader: Person): Promise<string[]> =>
  (await readAll(reader)).map((message: { content: string }) => message.content)
const keysOf = (userId: string) => service.crypto('SELECT device_id FROM crypto.device WHERE user_id = $1', [userId])
const hasOperation = (calls: readonly { readonly input: { readonly operation: string } }[], name: string) =>
  calls.some(({ input }) => input.operation === name)

describe('the managed device of a thin client', () => {
  it('is made when it is first needed, says that it is managed, and has prekeys', async () => {
    const [alice, bob] = [await service.person(), await service.person()]
    for (const path of ['/api/messages', '/api/connection/pending', '/api/connections', '/api/stats']) {
      expect((await alice.call('GET', path)).status).toBe(200)
    }
    expect(await alice.call('GET', `/api/session/status?peer=${bob.username}`)).toMatchObject({
      status: 200,
      body: { active: false, session_id: null, established_at: null },
    })
    expect(await devicesOf(alice)).toEqual([])
    expect((await ask(alice, bob)).status).toBe(201)
    const [device, ...others] = await devicesOf(alice)
    expect(others).toEqual([])
    expect(decodeDeviceRecord(Buffer.from(device.device_record, 'base64')).managed).toBe(true)
    const { body } = await alice.call('GET', `/api/devices/${device.device_id}/prekeys`)
    expect(body.last_resort).toBe(1)
    expect(body.one_time).toBeGreaterThanOrEqual(4)
    expect(await devicesOf(bob)).toEqual([])
  })

  it('is one, also where it is needed many times at once on two pods', async () => {
    const alice = await service.person()
    const others = await Promise.all([1, 2, 3, 4].map(() => service.person()))
    const pod = await service.secondPod()
    try {
      const asked = await Promise.all(others.map((other, index) => ask(index % 2 === 0 ? alice : pod.as(alice), other)))
      expect(asked.map(({ status }) => status)).toEqual([201, 201, 201, 201])
      expect(await devicesOf(alice)).toHaveLength(1)
    } finally {
      await pod.close()
    }
  })

  it('is the same where the pod died before it was registered, or before it had prekeys', async () => {
    const [alice, bob] = [await service.person(), await service.person()]
    for (const died of ['ensure_device', 'make_prekeys']) {
      service.between = async (calls, run) => {
        const results = await run()
        if (hasOperation(calls, died)) throw new Error('the pod died here')
        return results
      }
      expect((await ask(alice, bob)).status).toBe(503)
    }
    service.between = (_, run) => run()
    expect((await ask(alice, bob)).status).toBe(201)
    const [device, ...others] = await devicesOf(alice)
    expect(others).toEqual([])
    expect(await keysOf(alice.userId)).toMatchObject([{ device_id: String(device.device_id) }])
    const prekeys = async () => (await alice.call('GET', `/api/devices/${device.device_id}/prekeys`)).body.last_resort
    await expect.poll(prekeys, { timeout: 30_000 }).toBe(1)
  }, 60_000)

  it('is made anew, with another id, after it was removed; who writes then reaches the new one', async () => {
    const [alice, bob] = [await service.person(), await service.person()]
    await connect(alice, bob)
    await send(bob, alice, 'to the first')
    expect(await contents(alice)).toEqual(['to the first'])
    const [first] = await devicesOf(alice)
    expect((await alice.call('DELETE', `/api/devices/${first.device_id}`)).status).toBe(204)
    expect(await keysOf(alice.userId)).toEqual([])
    expect(await devicesOf(alice)).toEqual([])
    expect(await readAll(alice)).toEqual([])
    const refused = await send(bob, alice)
    expect([refused.status, refused.body.error.code]).toEqual([409, 'conflict'])
    expect(refused.body.error.message).toContain('no device')
    expect((await send(alice, bob, 'from the second')).status).toBe(201)
    const [second] = await devicesOf(alice)
    expect(second.device_id).not.toBe(first.device_id)
    expect((await send(bob, alice, 'to the second')).status).toBe(201)
    expect(await contents(alice)).toEqual(['from the second', 'to the second'])
    expect((await contents(bob)).slice(-2)).toEqual(['from the second', 'to the second'])
  })

  it('stays where its keys cannot be destroyed now', async () => {
    const [alice, bob] = [await service.person(), await service.person()]
    await ask(alice, bob)
    const [device] = await devicesOf(alice)
    service.between = async () => {
      throw new Error('away')
    }
    expect((await alice.call('DELETE', `/api/devices/${device.device_id}`)).status).toBe(503)
    service.between = (_, run) => run()
    expect(await devicesOf(alice)).toMatchObject([{ device_id: device.device_id }])
  })

  it('whose keys the quantum service has lost is replaced at its next use', async () => {
    const [alice, bob] = [await service.person(), await service.person()]
    await connect(alice, bob)
    const [lost] = await devicesOf(alice)
    await service.crypto('DELETE FROM crypto.device WHERE user_id = $1', [alice.userId])
    expect((await send(alice, bob, 'with new keys')).status).toBe(201)
    const [device, ...others] = await devicesOf(alice)
    expect(others).toEqual([])
    expect(device.device_id).not.toBe(lost.device_id)
    expect(await contents(bob)).toEqual(['with new keys'])
    expect((await send(bob, alice, 'to the new keys')).status).toBe(201)
    expect((await contents(alice)).at(-1)).toBe('to the new keys')
  })

  it('is not made where the user has as many devices as there may be', async () => {
    const [alice, bob] = [await service.person(), await service.person()]
    const { falcon, ecdsa } = (await alice.drawDevice()).local
    for (let count = 0; count < 32; count += 1) await alice.login().bind(await alice.drawDevice({ falcon, ecdsa }))
    const { status, body } = await ask(alice, bob)
    expect([status, body.error.code]).toEqual([409, 'conflict'])
    expect(body.error.message).toContain('32 devices')
  }, 60_000)

  it('works for every login session of its user that is bound to no device', async () => {
    const [alice, bob] = [await service.person(), await service.person()]
    await connect(alice, bob)
    await send(bob, alice, 'for all')
    const phone = alice.login()
    expect(await readAll(phone)).toMatchObject([{ content: 'for all' }])
    await phone.call('POST', '/api/messages/ack', { up_to: 1 })
    expect((await alice.call('GET', '/api/messages')).body.messages).toEqual([])
    expect(await devicesOf(alice)).toHaveLength(1)
  })
})

describe('the session of two thin clients', () => {
  it('shows its state to both, and its end destroys the keys of both', async () => {
    const [alice, bob] = [await service.person(), await service.person()]
    const accepted = await connect(alice, bob)
    const status = async (who: Person, peer: Person) =>
      (await who.call('GET', `/api/session/status?peer=${peer.username}`)).body
    for (const [who, peer] of [
      [alice, bob],
      [bob, alice],
    ] as const) {
      expect(await status(who, peer)).toMatchObject({
        peer: peer.username,
        active: true,
        session_id: accepted.session_id,
      })
    }
    await send(alice, bob)
    const ended = await bob.call('POST', '/api/session/terminate', { peer: alice.username })
    expect(ended).toMatchObject({ status: 200, body: { peer: alice.username, status: 'terminated' } })
    const left = await service.crypto(
      'SELECT 1 FROM crypto.peer WHERE user_id IN ($1, $2) AND peer_user IN ($1, $2) AND has_session',
      [alice.userId, bob.userId],
    )
    expect(left).toEqual([])
    for (const [who, peer] of [
      [alice, bob],
      [bob, alice],
    ] as const) {
      expect(await status(who, peer)).toMatchObject({ active: false, session_id: null })
      expect((await send(who, peer)).body.error.code).toBe('not_connected')
    }
    expect((await bob.call('POST', '/api/session/terminate', { peer: alice.username })).status).toBe(404)
    await connect(bob, alice)
    expect((await send(alice, bob, 'begun anew')).status).toBe(201)
    expect((await contents(bob)).at(-1)).toBe('begun anew')
  })

  it('ends also where the other side has blocked, and is ended by the repeat where the pod died', async () => {
    const [alice, bob] = [await service.person(), await service.person()]
    await connect(alice, bob)
    await bob.call('POST', `/api/connections/${alice.username}/block`)
    service.between = async (calls, run) => {
      const results = await run()
      if (hasOperation(calls, 'end_sessions')) throw new Error('the pod died here')
      return results
    }
    const terminate = () => alice.call('POST', '/api/session/terminate', { peer: bob.username })
    expect((await terminate()).status).toBe(503)
    service.between = (_, run) => run()
    expect((await terminate()).status).toBe(200)
    expect((await terminate()).status).toBe(404)
    expect((await ask(alice, bob)).body.error.code).toBe('blocked')
  })

  it('is not ended where the quantum service is away: neither keys nor connection', async () => {
    const [alice, bob] = [await service.person(), await service.person()]
    await connect(alice, bob)
    service.between = async () => {
      throw new Error('away')
    }
    expect((await alice.call('POST', '/api/session/terminate', { peer: bob.username })).status).toBe(503)
    service.between = (_, run) => run()
    expect((await send(alice, bob, 'still open')).status).toBe(201)
    expect(await contents(bob)).toEqual(['still open'])
  })
})

describe('accepting a request', () => {
  it('twice at once counts once, and the session that counts works', async () => {
    const [alice, bob] = [await service.person(), await service.person()]
    const { body } = await ask(alice, bob)
    const accept = () => bob.call('POST', '/api/connection/respond', { request_id: body.request_id, accept: true })
    const answers = await Promise.all([accept(), accept(), accept()])
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 409, 409])
    for (const [from, to] of [
      [alice, bob],
      [bob, alice],
    ] as const) {
      expect((await send(from, to, `from ${from.username}`)).status).toBe(201)
    }
    expect(await contents(bob)).toEqual([`from ${alice.username}`, `from ${bob.username}`])
  })

  it('that was rejected meanwhile leaves no session behind', async () => {
    const [alice, bob] = [await service.person(), await service.person()]
    const { body } = await ask(alice, bob)
    const respond = (accept: boolean) =>
      bob.call('POST', '/api/connection/respond', { request_id: body.request_id, accept })
    service.between = async (calls, run) => {
      const results = await run()
      if (hasOperation(calls, 'answer_request')) expect((await respond(false)).status).toBe(200)
      return results
    }
    expect((await respond(true)).status).toBe(409)
    const left = await service.crypto('SELECT 1 FROM crypto.peer WHERE user_id = $1 AND has_session', [bob.userId])
    expect(left).toEqual([])
  })

  it('of a device that was removed since says that it has to ask again', async () => {
    const [alice, bob] = [await service.person(), await service.person()]
    const { body } = await ask(alice, bob)
    const [device] = await devicesOf(alice)
    await alice.call('DELETE', `/api/devices/${device.device_id}`)
    const answer = await bob.call('POST', '/api/connection/respond', { request_id: body.request_id, accept: true })
    expect([answer.status, answer.body.error.code]).toEqual([404, 'not_found'])
    expect(answer.body.error.message).toContain('ask again')
  })
})
