import { encodeBase64 } from '@qsm/contract'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { connectionFramesFor } from '../src/connections/frames.js'
import { ask, newSide, respond } from './support/connect.js'
import type { Person } from './support/person.js'
import { startMessage, type TestMessage } from './support/start-message.js'

let message: TestMessage

beforeAll(async () => {
  message = await startMessage()
})

afterAll(() => message.close())

const side = () => newSide(message)

describe('what sockets are told', () => {
  const framesFor = (person: Person, peer: Person, requestId: string | null, deviceId: number | null) =>
    connectionFramesFor(
      message.context.database,
      { user_id: person.userId, peer_id: peer.userId, request_id: requestId },
      deviceId,
      message.clock.now(),
    )

  test('is the request for the receiver, and the state with the Response for the device that asked', async () => {
    const [alice, bob] = [await side(), await side()]
    const { request, requestId } = await ask(alice, bob)
    expect(await framesFor(bob.person, alice.person, requestId, null)).toMatchObject([
      { type: 'connection_request', request_id: requestId, handshake: encodeBase64(request) },
    ])
    expect(await framesFor(alice.person, bob.person, requestId, alice.device.deviceId)).toMatchObject([
      { type: 'session_update', state: 'requested', handshake: null },
    ])
    const response = await bob.device.respond(request)
    await respond(bob.person, requestId, true, response)
    const update = { type: 'session_update', state: 'open', request_id: requestId }
    expect(await framesFor(alice.person, bob.person, requestId, alice.device.deviceId)).toMatchObject([
      { ...update, handshake: encodeBase64(response) },
    ])
    expect(await framesFor(alice.person, bob.person, requestId, 1)).toMatchObject([{ ...update, handshake: null }])
    expect(await framesFor(bob.person, alice.person, requestId, null)).toMatchObject([{ ...update, handshake: null }])
  })

  test('comes by a hint for each side, after every change', async () => {
    const [alice, bob] = [await side(), await side()]
    const hints: string[] = []
    const end = message.bus.subscribe('connection', hint => hints.push(`${hint.user_id} ${hint.request_id}`))
    const both = (requestId: string | null) => [
      `${alice.person.userId} ${requestId}`,
      `${bob.person.userId} ${requestId}`,
    ]
    const heard = async () => {
      await new Promise(setImmediate)
      return hints.splice(0).sort()
    }
    const { requestId } = await ask(alice, bob)
    expect(await heard()).toEqual(both(requestId).sort())
    await respond(bob.person, requestId, false)
    expect(await heard()).toEqual(both(requestId).sort())
    await bob.person.call('POST', `/api/connections/${alice.person.username}/block`)
    expect(await heard()).toEqual(both(null).sort())
    end()
  })

  test('is nothing for a forged hint about others', async () => {
    const [alice, bob, carol] = [await side(), await side(), await side()]
    const { requestId } = await ask(alice, bob)
    expect(await framesFor(carol.person, alice.person, requestId, null)).toEqual([])
  })
})
