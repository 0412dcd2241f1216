import { type Control, encodeControl } from '@qsm/contract'
import { type Algorithms, type Content, type EnvelopeType, envelopeTypes, kinds } from '@qsm/protocol'
import { hasCode, QsmClientError } from '../errors.js'
import { idFromBytes, newIdBytes } from '../ids.js'
import { readPeerByName } from '../peers/peer.js'
import { keys } from '../store/keys.js'
import type { Store } from '../store/store.js'
import type { Delivery } from './deliver.js'
import { appendOutgoing, readOutgoing, waitingReceivers } from './outbox.js'
import { checkTextSize } from './post.js'
import type { Reach } from './reach.js'
import { SessionMissing, seal } from './seal.js'
import { createWaiters, inPatience, leaveOutcome, takeOutcome } from './waiters.js'

/** A message of an earlier run, or one whose sender did not wait: how it ended. */
export interface LateOutcome {
  readonly messageId: string
  readonly to: string
  readonly error: Error | null
}

export interface Sender {
  /**
   * Seals a text for every device and puts it into the queue; resolves when the server has stored it. Rejects with what
   * the server refuses for good, or with `queued` when it does not answer in time; a queued message stays and leaves later.
   */
  send(username: string, text: string): Promise<{ readonly messageId: string }>
  /** An empty envelope, so that the ratchet turns where only the other side speaks. */
  sendControl(username: string): Promise<void>
  /** Queues a control; resolves when it is kept. It leaves when it can, and nobody waits for it. */
  tell(username: string, control: Control): Promise<void>
  /**
   * Sends what an earlier run left in the queue; resolves when the queue is empty or waits for the user. Rejects with
   * `queued` when the server does not answer in time.
   */
  flush(): Promise<void>
  /** There is a connection again: what waits for its next attempt goes at once. */
  online(): void
  close(): Promise<void>
}

const maxRounds = 5
const forgetAfterMs = 20

export const createSender = (options: {
  readonly store: Store
  readonly algorithms: Algorithms
  readonly ownUsername: string
  readonly reach: Reach
  readonly delivery: Delivery
  readonly patienceMs: number
  readonly onLateOutcome: (outcome: LateOutcome) => void
  readonly onFault: (error: unknown) => void
}): Sender => {
  const { store, algorithms, reach, delivery, patienceMs } = options
  const run = idFromBytes(newIdBytes(algorithms.now(), algorithms.randomBytes))
  const waiters = createWaiters()
  const closing = new AbortController()
  let online = new AbortController()
  const lanes = new Map<string, { running: Promise<void>; again: boolean }>()
  /** Stored at the server and not yet deleted here; a crash sends them again, which changes nothing. */
  const sent = new Set<string>()
  let forgetting: ReturnType<typeof setTimeout> | null = null

  const forgetSent = async (): Promise<void> => {
    if (forgetting) clearTimeout(forgetting)
    forgetting = null
    const done = [...sent]
    if (done.length === 0) return
    await store.exclusive(async transaction => {
      for (const key of done) transaction.delete(key)
    })
    for (const key of done) sent.delete(key)
  }
  const forgetSoon = () => {
    forgetting ??= setTimeout(() => void forgetSent().catch(options.onFault), forgetAfterMs)
  }

  const settle = async (
    key: string,
    to: string,
    messageId: string,
    owner: string,
    error: Error | null,
  ): Promise<void> => {
    if (error === null && owner === run) {
      sent.add(key)
      forgetSoon()
    } else {
      await store.exclusive(async transaction => {
        transaction.delete(key)
        if (owner !== run) leaveOutcome(transaction, messageId, error)
      })
    }
    if (waiters.has(key)) waiters.settle(key, error)
    else options.onLateOutcome({ messageId, to, error })
  }

  /** Another client of this store may have sent what somebody here waits for. */
  const settleForeign = async (userId: string): Promise<void> => {
    const mine = waiters.under(keys.outboxOf(userId))
    if (mine.length === 0) return
    const outcomes = await store.exclusive(async transaction => {
      const found: (readonly [string, Error | null])[] = []
      for (const [key, messageId] of mine) {
        const outcome = await takeOutcome(transaction, messageId)
        if (outcome !== undefined) found.push([key, outcome])
      }
      return found
    })
    for (const [key, error] of outcomes) waiters.settle(key, error)
  }

  /** The messages to one user, one after the other: their order is kept. Returns where the next one has to wait. */
  const drain = async (userId: string): Promise<void> => {
    await settleForeign(userId)
    for (;;) {
      const next = await store.exclusive(async transaction => {
        const key = (await transaction.keys(keys.outboxOf(userId))).find(candidate => !sent.has(candidate))
        const outgoing = key === undefined ? null : await readOutgoing(transaction, key)
        return key !== undefined && outgoing ? { key, outgoing } : null
      })
      if (!next) return
      const { key, outgoing } = next
      const { username, messageId } = outgoing
      try {
        await delivery.deliver(key, outgoing, closing.signal, () => online.signal)
        await settle(key, username, messageId, outgoing.run, null)
      } catch (error) {
        const fault = error instanceof Error ? error : new Error(String(error))
        // These end when the user acts; what nobody waits for stays in the queue until then.
        const isHeld =
          hasCode(fault, 'closed', 'not_logged_in') || (hasCode(fault, 'identity_changed') && !waiters.has(key))
        if (!isHeld) await settle(key, username, messageId, outgoing.run, fault)
        else {
          waiters.settle(key, fault)
          return
        }
      }
    }
  }

  const runLane = (userId: string): Promise<void> => {
    const lane = lanes.get(userId)
    if (lane) {
      lane.again = true
      return lane.running
    }
    const started = { again: true, running: Promise.resolve() }
    lanes.set(userId, started)
    started.running = store
      .alone(
        `outbox/${userId}`,
        async () => {
          while (started.again && !closing.signal.aborted) {
            started.again = false
            await drain(userId)
          }
        },
        { signal: closing.signal },
      )
      .finally(() => lanes.delete(userId))
    return started.running
  }

  const enqueue = async (
    username: string,
    type: EnvelopeType,
    content: Content,
  ): Promise<{ key: string; userId: string; messageId: string }> => {
    if (closing.signal.aborted) throw new QsmClientError('closed', 'This client was closed.')
    const messageId = idFromBytes(newIdBytes(algorithms.now(), algorithms.randomBytes))
    for (let round = 0; ; round += 1) {
      try {
        return await store.exclusive(async transaction => {
          const peer = await readPeerByName(transaction, username)
          if (!peer) throw new SessionMissing('unknown user')
          const sealed = await seal(transaction, algorithms, { peer, type, messageId, content })
          for (const key of sent) transaction.delete(key)
          const { userId } = peer
          const head = { messageId, userId, username: peer.username, type, content, sealedAt: algorithms.now(), run }
          return { key: await appendOutgoing(transaction, { ...head, ...sealed }), userId, messageId }
        })
      } catch (error) {
        if (!(error instanceof SessionMissing) || round === maxRounds) throw error
        await reach.ensure(username)
      }
    }
  }

  const put = async (username: string, type: EnvelopeType, content: Content) => {
    const { key, userId, messageId } = await enqueue(username, type, content)
    const stored = waiters.add(key, messageId, patienceMs)
    runLane(userId).catch((error: unknown) =>
      waiters.settle(key, error instanceof Error ? error : new Error(String(error))),
    )
    await stored
    return { messageId }
  }

  const flush = async (): Promise<void> => {
    const receivers = await store.exclusive(waitingReceivers)
    await inPatience(Promise.all(receivers.map(runLane)), patienceMs)
  }

  return {
    flush,
    async send(username, text) {
      if (username.toLowerCase() === options.ownUsername.toLowerCase()) {
        throw new QsmClientError(
          'usage',
          'This is your own name: your other devices get a copy of what you send to others.',
        )
      }
      const content = new TextEncoder().encode(text)
      checkTextSize(content.length)
      return put(username, envelopeTypes.message, { kind: kinds.text, content })
    },
    async tell(username, control) {
      const content = { kind: kinds.controlJson, content: encodeControl(control) }
      const { userId } = await enqueue(username, envelopeTypes.control, content)
      runLane(userId).catch(options.onFault)
    },
    async sendControl(username) {
      await put(username, envelopeTypes.control, { kind: kinds.empty, content: new Uint8Array(0) })
    },
    online() {
      online.abort()
      online = new AbortController()
      flush().catch(options.onFault)
    },
    async close() {
      closing.abort()
      waiters.giveUp()
      await Promise.allSettled([...lanes.values()].map(lane => lane.running))
      await forgetSent()
    },
  }
}
