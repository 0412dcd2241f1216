import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ask, connections, newSide, pending, respond } from './support/connect.js'
import { startMessage, type TestMessage } from './support/start-message.js'

let message: TestMessage

beforeAll(async () => {
  message = await startMessage()
})

afterAll(() => message.close())

const side = () => newSide(message)

describe('blocking', () => {
  test('closes both directions and hides what the other has asked; lifting it brings back what was', async () => {
    const [alice, bob] = [await side(), await side()]
    const { request, requestId } = await ask(alice, bob)
    const block = `/api/connections/${alice.person.username}/block`
    expect(await bob.person.call('POST', block)).toEqual({
      status: 200,
      body: { peer_username: alice.person.username, state: 'blocked' },
    })
    expect(await pending(bob.person)).toEqual([])
    expect(await connections(alice.person)).toMatchObject([{ state: 'blocked' }])
    for (const [from, to] of [
      [alice, bob],
      [bob, alice],
    ] as const) {
      const { status, body } = await ask(from, to)
      expect([status, body.error.code]).toEqual([403, 'blocked'])
    }
    const response = await bob.device.respond(request)
    expect((await respond(bob.person, requestId, true, response)).body.error.code).toBe('blocked')
    expect((await bob.person.call('POST', block, { blocked: false })).body.state).toBe('requested')
    expect((await respond(bob.person, requestId, true, response)).status).toBe(200)
    expect((await bob.person.call('POST', block, { blocked: true })).body.state).toBe('blocked')
    expect((await bob.person.call('POST', block, { blocked: false })).body.state).toBe('open')
  })

  test('of somebody who never was a contact is not shown to them', async () => {
    const [alice, bob] = [await side(), await side()]
    const block = `/api/connections/${alice.person.username}/block`
    await bob.person.call('POST', block)
    expect(await connections(alice.person)).toEqual([])
    expect(await connections(bob.person)).toMatchObject([{ state: 'blocked' }])
    expect((await bob.person.call('POST', block, { blocked: false })).body.state).toBeNull()
    expect(await connections(bob.person)).toEqual([])
  })

  test('of oneself or of nobody is 404', async () => {
    const alice = await side()
    for (const name of [alice.person.username, 'nobody-at-all']) {
      expect((await alice.person.call('POST', `/api/connections/${name}/block`)).status).toBe(404)
    }
  })
})
