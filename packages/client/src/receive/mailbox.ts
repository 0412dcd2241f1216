import { acknowledge, decodeBase64, listConnections, listMessages } from '@qsm/contract'
import type { Algorithms } from '@qsm/protocol'
import { readAccount } from '../account/stored-account.js'
import type { AnswerTaker } from '../connect/take-answers.js'
import { hasCode } from '../errors.js'
import type { Api } from '../http/api.js'
import type { PeerDirectory } from '../peers/learn-peer.js'
import { readPeer } from '../peers/peer.js'
import type { Store } from '../store/store.js'
import type { Told } from './controls.js'
import { putCursor, readCursor } from './cursor.js'
import type { Delivered } from './delivered.js'
import type { OpenedEnvelope, Wanting } from './open-envelope.js'
import { giveUpOn, type Taken, takeDelivered } from './take.js'

export interface MailboxEvents {
  /** Something was put into the inbox. */
  readonly onMessages: () => void
  readonly onQuarantined: (event: { readonly sequence: number; readonly reason: string }) => void
  /** The server does not have what stood between these numbers any more: retention, or deleted by an own device. */
  readonly onGap: (event: { readonly after: number; readonly next: number }) => void
  /** The mailbox counts anew (the server was restored); it is read again from the start. */
  readonly onReset: (event: { readonly epoch: number }) => void
  readonly onControlAdvised: (username: string) => void
  readonly onPrekeyUsed: () => void
  /** What a control said. */
  readonly onTold: (from: OpenedEnvelope, told: Told) => void
}

export interface Mailbox {
  /** Opens and keeps envelopes in the order of their numbers; repeats change nothing. Returns the last number kept. */
  take(batch: readonly Delivered[]): Promise<number>
  /** To be told the epoch before envelopes of it are taken. Returns the last number kept, 0 in a new epoch. */
  meetEpoch(epoch: number): Promise<number>
  /** Fetches all that waits, page by page, and acknowledges it. */
  pull(signal?: AbortSignal): Promise<void>
}

const pageEntries = 50

export const createMailbox = (options: {
  readonly store: Store
  readonly algorithms: Algorithms
  readonly api: Api
  readonly directory: PeerDirectory
  readonly answers: AnswerTaker
  readonly events: MailboxEvents
}): Mailbox => {
  const { store, algorithms, api, directory, answers, events } = options

  const nameOf = async (userId: string): Promise<string | null> => {
    const known = await store.exclusive(async transaction => {
      const account = await readAccount(transaction)
      return account?.userId === userId ? account.username : ((await readPeer(transaction, userId))?.username ?? null)
    })
    if (known !== null) return known
    const { connections } = await api.call(listConnections, {})
    return connections.find(one => one.peer_user_id === userId)?.peer_username ?? null
  }

  /** Fetches what an envelope wants: its sender's devices, or answers that came to own requests. */
  const satisfy = async ({ kind, sender }: Wanting): Promise<void> => {
    if (kind === 'unknown-session') return answers.take((await api.call(listConnections, {})).connections)
    const name = await nameOf(sender.userId)
    if (name === null) return
    try {
      await directory.learn(name)
    } catch (error) {
      if (!hasCode(error, 'no_such_user', 'refused')) throw error
    }
  }

  const tell = (delivered: Delivered, taken: Taken) => {
    if (taken.kind === 'quarantined') events.onQuarantined({ sequence: delivered.sequence, reason: taken.reason })
    if (taken.kind !== 'message' && taken.kind !== 'nothing') return
    if (taken.opened.isControlAdvised) events.onControlAdvised(taken.opened.peer.username)
    if (taken.opened.hasUsedPrekey) events.onPrekeyUsed()
    if (taken.kind === 'nothing' && taken.told) events.onTold(taken.opened, taken.told)
  }

  /** Takes as many as can be judged at once; `wanting` says what the next one needs. */
  const takeSome = (batch: readonly Delivered[], isLastTry: boolean) =>
    store.exclusive(async transaction => {
      const cursor = await readCursor(transaction)
      const results: (readonly [Delivered, Taken])[] = []
      let { sequence } = cursor
      let gap: { after: number; next: number } | null = null
      let wanting: Wanting | null = null
      for (const delivered of batch) {
        if (delivered.sequence <= sequence) continue
        let taken = await takeDelivered(transaction, algorithms, delivered, cursor.epoch)
        if (taken.kind === 'unknown-sender' || taken.kind === 'unknown-session') {
          if (!isLastTry || results.length > 0) {
            wanting = taken
            break
          }
          taken = await giveUpOn(transaction, delivered, cursor.epoch, taken)
        }
        if (sequence > 0 && delivered.sequence > sequence + 1) gap ??= { after: sequence, next: delivered.sequence }
        results.push([delivered, taken])
        sequence = delivered.sequence
      }
      if (sequence !== cursor.sequence) putCursor(transaction, { ...cursor, sequence })
      return { results, sequence, gap, wanting }
    })

  const take = async (batch: readonly Delivered[]): Promise<number> => {
    for (let isLastTry = false; ; ) {
      const { results, sequence, gap, wanting } = await takeSome(batch, isLastTry)
      if (gap) events.onGap(gap)
      for (const [delivered, taken] of results) tell(delivered, taken)
      if (results.some(([, taken]) => taken.kind === 'message')) events.onMessages()
      if (!wanting) return sequence
      isLastTry = results.length === 0
      await satisfy(wanting)
    }
  }

  const meetEpoch = async (epoch: number): Promise<number> => {
    const { cursor, isNew } = await store.exclusive(async transaction => {
      const before = await readCursor(transaction)
      if (before.epoch === epoch) return { cursor: before, isNew: false }
      const after = { epoch, sequence: 0 }
      putCursor(transaction, after)
      return { cursor: after, isNew: before.epoch !== 0 }
    })
    if (isNew) events.onReset({ epoch })
    return cursor.sequence
  }

  return {
    take,
    meetEpoch,
    async pull(signal) {
      for (let more = true; more; ) {
        // From the last acknowledgement: what was kept but not acknowledged is passed over, then acknowledged.
        const page = await api.call(listMessages, { query: { limit: pageEntries }, signal })
        await meetEpoch(page.epoch)
        const batch = page.messages.flatMap(entry =>
          'envelope' in entry
            ? [
                {
                  sequence: entry.sequence,
                  receivedAt: Date.parse(entry.received_at),
                  envelope: decodeBase64(entry.envelope),
                  body: entry.body === null ? null : decodeBase64(entry.body),
                },
              ]
            : [],
        )
        const kept = await take(batch)
        if (batch.length > 0) await api.call(acknowledge, { body: { up_to: Math.min(kept, page.next) }, signal })
        more = page.more
      }
    },
  }
}
