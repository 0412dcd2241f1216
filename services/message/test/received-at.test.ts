import { afterEach, beforeEach, expect, test } from 'vitest'
import { createHandClock } from '../../../tests/support/hand-clock.js'
import { type Conversation, makeParty, openConversation, type Party } from './support/conversation.js'
import { startMessage, type TestMessage } from './support/start-message.js'

const hourMs = 3_600_000

let message: TestMessage
let alice: Party
let bob: Party
let toAlice: Conversation

beforeEach(async () => {
  message = await startMessage()
  alice = await makeParty(await message.person())
  bob = await makeParty(await message.person())
  toAlice = await openConversation(message.algorithms, alice, bob)
})
afterEach(() => message.close())

test('entries are dated by the clock of PostgreSQL, also by a pod whose own clock is hours from it', async () => {
  const now = message.clock.now()
  const aheadMs = [3 * hourMs, -3 * hourMs]
  const pods = await Promise.all(aheadMs.map(ahead => message.secondPod({ clock: createHandClock(now + ahead) })))
  for (const pod of [message, ...pods]) {
    const sent = await pod.renewed(bob.person).call('POST', '/api/message/send', await toAlice.seal())
    expect(sent.status).toBe(201)
  }
  const { body } = await message.renewed(alice.person).call('GET', '/api/messages?after=0')
  const times = body.messages.map(({ received_at }: { received_at: string }) => Date.parse(received_at))
  expect(times).toEqual([now, now, now])
  const rows = await message.context.database.query(
    'SELECT received_at FROM message.entry UNION SELECT received_at FROM message.sent UNION SELECT received_at FROM message.seen',
  )
  expect(rows).toEqual([{ received_at: String(now) }])
  for (const pod of pods) await pod.close()
})
