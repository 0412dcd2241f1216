import { memoryStore, QsmClientError, type Store } from '@qsm/client'
import { type Algorithms, envelopeTypes, kinds } from '@qsm/protocol'
import { beforeEach, describe, expect, it } from 'vitest'
import { appendOutgoing, type Outgoing } from '../src/send/outbox.js'
import type { Reach } from '../src/send/reach.js'
import { createSender, type LateOutcome } from '../src/send/sender.js'
import { takeOutcome } from '../src/send/waiters.js'

let store: Store
beforeEach(() => {
  store = memoryStore()
})

const platform = {
  now: () => 1_700_000_000_000,
  randomBytes: (length: number) => crypto.getRandomValues(new Uint8Array(length)),
} as Algorithms
const unused: Reach = {
  ensure: () => Promise.reject(new Error('unused')),
  relearn: () => Promise.reject(new Error('unused')),
}

/** Puts a sealed message into the queue, as an earlier run has left it. */
const queue = (userId: string, messageId: string): Promise<string> =>
  store.exclusive(transaction =>
    appendOutgoing(transaction, {
      messageId,
      userId,
      username: `name of ${userId}`,
      type: envelopeTypes.message,
      content: { kind: kinds.text, content: new Uint8Array(0) },
      sealedAt: 0,
      run: 'an-earlier-one',
      body: null,
      envelopes: [Uint8Array.of(1)],
    }),
  )
const queued = () => store.exclusive(transaction => transaction.keys('outbox/'))

const sending = (deliver: (outgoing: Outgoing, signal: AbortSignal) => Promise<void>, patienceMs = 5_000) => {
  const outcomes: LateOutcome[] = []
  const sender = createSender({
    store,
    algorithms: platform,
    ownUsername: 'me',
    reach: unused,
    delivery: { deliver: (_key, outgoing, signal) => deliver(outgoing, signal) },
    patienceMs,
    onLateOutcome: outcome => outcomes.push(outcome),
    onFault: error => {
      throw error
    },
  })
  return { sender, outcomes }
}
const untilClosed = (signal: AbortSignal): Promise<never> =>
  new Promise((_, reject) =>
    signal.addEventListener('abort', () => reject(new QsmClientError('closed', 'This client was closed.'))),
  )

describe('the queue', () => {
  it('sends to one receiver in order and one at a time, to several at once', async () => {
    for (const id of ['a1', 'b1', 'a2', 'a3', 'b2']) await queue(id[0] ?? '', id)
    const order: string[] = []
    let most = 0
    const under = new Map<string, number>()
    const { sender, outcomes } = sending(async ({ userId, messageId }) => {
      under.set(userId, (under.get(userId) ?? 0) + 1)
      expect(under.get(userId)).toBe(1)
      most = Math.max(
        most,
        [...under.values()].reduce((sum, count) => sum + count, 0),
      )
      order.push(messageId)
      await new Promise(resolve => setTimeout(resolve, 2))
      under.set(userId, 0)
    })
    await sender.flush()
    const of = (userId: string) => order.filter(id => id.startsWith(userId))
    expect([of('a'), of('b')]).toEqual([
      ['a1', 'a2', 'a3'],
      ['b1', 'b2'],
    ])
    expect(most).toBe(2)
    expect(await queued()).toEqual([])
    expect(outcomes.map(({ messageId, error }) => [messageId, error])).toHaveLength(5)
  })

  it('is emptied once by two clients of one store', async () => {
    for (const id of ['a1', 'a2', 'a3']) await queue('a', id)
    const sent: string[] = []
    const deliver = async ({ messageId }: Outgoing) => {
      await new Promise(resolve => setTimeout(resolve, 1))
      sent.push(messageId)
    }
    await Promise.all([sending(deliver), sending(deliver)].map(({ sender }) => sender.flush()))
    expect(sent).toEqual(['a1', 'a2', 'a3'])
  })

  it('leaves the outcome for the client whose message it was', async () => {
    for (const id of ['a1', 'a2']) await queue('a', id)
    const { sender } = sending(async ({ messageId }) => {
      if (messageId === 'a2') throw new QsmClientError('blocked', 'no more', { status: 403 })
    })
    await sender.flush()
    const taken = await store.exclusive(async transaction => [
      await takeOutcome(transaction, 'a1'),
      await takeOutcome(transaction, 'a2'),
      await takeOutcome(transaction, 'a1'),
    ])
    expect(taken).toMatchObject([null, { code: 'blocked', message: 'no more' }, undefined])
  })

  it('drops what is refused for good, says so, and goes on behind it', async () => {
    for (const id of ['a1', 'a2']) await queue('a', id)
    const { sender, outcomes } = sending(async ({ messageId }) => {
      if (messageId === 'a1') throw new QsmClientError('blocked', 'no', { status: 403 })
    })
    await sender.flush()
    expect(outcomes).toMatchObject([
      { messageId: 'a1', to: 'name of a', error: { code: 'blocked' } },
      { messageId: 'a2', error: null },
    ])
    expect(await queued()).toEqual([])
  })

  it.each(['identity_changed', 'not_logged_in'])('stands still with %s until the user has acted', async code => {
    for (const id of ['a1', 'a2', 'b1']) await queue(id[0] ?? '', id)
    let isHeld = true
    const { sender, outcomes } = sending(async ({ userId }) => {
      if (isHeld && userId === 'a') throw new QsmClientError(code, 'look first')
    })
    await sender.flush()
    expect(outcomes.map(({ messageId }) => messageId)).toEqual(['b1'])
    expect(await queued()).toHaveLength(2)
    isHeld = false
    await sender.flush()
    expect(outcomes.map(({ messageId }) => messageId)).toEqual(['b1', 'a1', 'a2'])
    expect(await queued()).toEqual([])
  })

  it('is not waited for without end where the server does not answer, and loses nothing when the client is closed', async () => {
    const key = await queue('a', 'a1')
    const { sender } = sending((_outgoing, signal) => untilClosed(signal), 20)
    await expect(sender.flush()).rejects.toMatchObject({
      code: 'queued',
      message: expect.stringContaining('next qsm send'),
    })
    await sender.close()
    expect(await queued()).toEqual([key])
    const sent: string[] = []
    await sending(async ({ messageId }) => void sent.push(messageId)).sender.flush()
    expect(sent).toEqual(['a1'])
  })

  it('takes nothing to oneself, and nothing once the client is closed', async () => {
    const { sender } = sending(async () => {})
    await expect(sender.send('ME', 'hi')).rejects.toMatchObject({ code: 'usage' })
    await sender.close()
    await expect(sender.send('bob', 'hi')).rejects.toMatchObject({ code: 'closed' })
  })
})
