import { closeCodes, limits, type ServerFrame } from '@qsm/contract'
import { createMetrics, type Socket } from '@qsm/server-kit'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { openSocketClient, type SocketClient } from '../../../tests/support/socket-client.js'
import { createShowFrame } from '../src/socket/show-frame.js'
import { makeParty, openConversation, type Party } from './support/conversation.js'
import { createFiller } from './support/fill-mailbox.js'
import { startMessage, type TestMessage } from './support/start-message.js'

let message: TestMessage
let pod: TestMessage
let alice: Party
let bob: Party
let opened: SocketClient[]

beforeAll(async () => {
  message = await startMessage()
  pod = await message.secondPod()
})
afterAll(async () => {
  await pod.close()
  await message.close()
})
beforeEach(async () => {
  opened = []
  alice = await makeParty(await message.person())
  bob = await makeParty(await message.person())
})
afterEach(() => {
  for (const socket of opened) socket.end()
})

const open = async ({ person }: Party, at = message): Promise<SocketClient> => {
  const socket = await openSocketClient(at.url, { token: person.token })
  opened.push(socket)
  await socket.next('backlog_end')
  return socket
}
const read = async (name: string, { context } = message): Promise<number> => {
  const { body } = await context.metrics.text()
  const line = body.split('\n').find(text => text.startsWith(`${name} `))
  return Number(line?.split(' ').at(-1) ?? 0)
}
/** How much each metric grows while `work` is done. */
const growth = async (names: readonly string[], work: () => Promise<void>, at = message) => {
  const before = await Promise.all(names.map(name => read(name, at)))
  await work()
  const after = await Promise.all(names.map(name => read(name, at)))
  return after.map((value, index) => value - (before[index] ?? 0))
}

describe('metrics of sockets', () => {
  test('count the pages and entries by which a socket catches up, and how old the entries are', async () => {
    const sealed = await (await openConversation(message.algorithms, alice, bob)).seal()
    const fill = createFiller(message, alice, bob, sealed)
    for (let count = 0; count < 60; count += 1) await fill()
    message.clock.advance(90_000)
    const names = ['pages_total', 'entries_total'].map(name => `qsm_message_catch_up_${name}`)
    const ages = ['count', 'sum', 'bucket{le="60"}', 'bucket{le="600"}'].map(
      name => `qsm_message_backlog_age_seconds_${name}`,
    )
    const [pages, entries, ...age] = await growth([...names, ...ages], async () => void (await open(bob)))
    expect([pages, entries]).toEqual([2, 60])
    expect(age).toEqual([60, 60 * 90, 0, 60])
  })

  test('count an entry that its own pod hands over as a delivery, not as one of a page', async () => {
    const conversation = await openConversation(message.algorithms, bob, alice)
    const socket = await open(bob)
    const names = ['qsm_message_deliveries_total', 'qsm_message_catch_up_entries_total']
    const grown = await growth(names, async () => {
      const answer = await alice.person.call('POST', '/api/message/send', await conversation.seal())
      expect(answer.status).toBe(201)
      await socket.next('delivery')
    })
    expect(grown).toEqual([1, 0])
  })

  test('count sockets that are displaced and those that are drained', async () => {
    const toldToClose = (reason: string) => `qsm_ws_told_to_close_total{reason="${reason}"}`
    const displaced = await growth([toldToClose('displaced')], async () => {
      const first = await open(alice)
      await open(alice)
      await first.closed
    })
    const own = await message.secondPod()
    const draining = await growth(
      [toldToClose('draining')],
      async () => {
        const sockets = [await open(alice, own), await open(bob, own)]
        await own.app.sockets.drain(10)
        for (const socket of sockets) expect((await socket.closed)[0]).toBe(closeCodes.draining.code)
      },
      own,
    )
    await own.close()
    expect([displaced, draining]).toEqual([[1], [2]])
  })

  test('show how long after the end of a session its sockets were closed, on whichever pod', async () => {
    const socket = await open(alice, pod)
    const names = ['count', 'sum'].map(name => `qsm_message_revocation_seconds_${name}`)
    const grown = await growth(
      names,
      async () => {
        const { userId: user_id, username, sessionId: session_id } = alice.person
        const at = new Date(message.clock.now() - 3_000).toISOString()
        message.feed.add({ type: 'session_ended', user_id, username, session_id, at })
        message.bus.publish({ kind: 'account-events' })
        expect((await socket.closed)[0]).toBe(closeCodes.sessionEnded.code)
      },
      pod,
    )
    expect(grown).toEqual([1, 3])
  })

  test('count by kind the frames that a slow socket does not get', async () => {
    const metrics = createMetrics()
    const showFrame = createShowFrame(metrics)
    const got: unknown[] = []
    const socket = (bufferedBytes: number) => ({
      socket: { bufferedBytes, sendFramed: (frame: unknown) => got.push(frame) } as unknown as Socket,
    })
    const frame: ServerFrame = { type: 'typing', sender: 'alice', active: true }
    showFrame([socket(limits.maxBufferedBytes), socket(0), socket(limits.maxBufferedBytes)], frame)
    expect(got).toHaveLength(1)
    expect((await metrics.text()).body).toContain('qsm_ws_frames_dropped_total{kind="typing"} 2')
  })
})
