import { decodeBase64, encodeBase64 } from '@qsm/contract'
import { type Algorithms, ProtocolError } from '@qsm/protocol'
import type { Api } from './api.js'
import type { Connector } from './connect.js'
import { learnPeer, readPeer } from './peers.js'
import { type Delivered, openDelivered, type Outcome, readCursor } from './receive.js'
import { keys, putJson, readJson, type StoredMessage } from './state.js'
import type { Store } from './store.js'

interface Page {
  readonly messages: readonly { readonly envelope: string; readonly body: string | null; readonly sequence: number }[]
  readonly next: number
  readonly more: boolean
  readonly epoch: number
}

export interface MailboxEvents {
  readonly onMessage: (message: StoredMessage) => void
  /** An envelope that could not be opened; it is kept in quarantine. */
  readonly onUndecryptable: (reason: string, sequence: number) => void
}

export interface Mailbox {
  /** Takes one delivered envelope: opened, kept, and the cursor moved. Repeats change nothing. */
  take(delivered: Delivered): Promise<void>
  /** The mailbox may be another one than before: after a restore its numbers begin anew. */
  meetEpoch(epoch: number): Promise<void>
  cursor(): Promise<number>
  /** Fetches everything that waits, page by page, and acknowledges it. */
  pull(): Promise<void>
  acknowledge(upTo: number): Promise<void>
  /** Messages that the application has not finished with, oldest first. */
  waiting(): Promise<readonly { readonly key: string; readonly message: StoredMessage }[]>
  finish(key: string): Promise<void>
}

const pageSize = 50

export const createMailbox = (store: Store, algorithms: Algorithms, api: Api, connector: Connector, events: MailboxEvents): Mailbox => {
  /** The sender's name is known from the connections, the record from the server; at first contact it is trusted. */
  const learnSender = async (userId: string): Promise<boolean> => {
    const known = await store.exclusive(transaction => readPeer(transaction, userId))
    const connection = known ? null : (await connector.connections()).find(one => one.peer_user_id === userId)
    const name = known?.username ?? connection?.peer_username ?? (await ownName(userId))
    if (!name) return false
    await learnPeer(store, algorithms, api, name)
    return true
  }
  const ownName = async (userId: string): Promise<string | null> => {
    const me = await api.call<{ user_id: string; username: string }>('GET', '/api/me')
    return me.user_id === userId ? me.username : null
  }

  const open = (delivered: Delivered): Promise<Outcome> =>
    store.exclusive(async transaction => {
      const cursor = await readCursor(transaction)
      if (delivered.sequence <= cursor.sequence) return { kind: 'nothing' }
      const outcome = await openDelivered(algorithms, transaction, delivered)
      if (outcome.kind !== 'unknown-sender') putJson(transaction, keys.cursor, { ...cursor, sequence: delivered.sequence })
      return outcome
    })

  const quarantine = (delivered: Delivered, reason: string): Promise<void> =>
    store.exclusive(async transaction => {
      const cursor = await readCursor(transaction)
      putJson(transaction, keys.quarantine(delivered.sequence), { reason, envelope: encodeBase64(delivered.envelope) })
      putJson(transaction, keys.cursor, { ...cursor, sequence: delivered.sequence })
    })

  const take = async (delivered: Delivered): Promise<void> => {
    try {
      let outcome = await open(delivered)
      if (outcome.kind === 'unknown-sender' && (await learnSender(outcome.userId))) outcome = await open(delivered)
      if (outcome.kind === 'unknown-sender') throw new ProtocolError('refused', 'the device of the sender is not known to the server')
      if (outcome.kind === 'message') events.onMessage(outcome.message)
    } catch (error) {
      if (!(error instanceof ProtocolError) && !(error instanceof TypeError)) throw error
      await quarantine(delivered, error.message)
      events.onUndecryptable(error.message, delivered.sequence)
    }
  }

  const meetEpoch = (epoch: number): Promise<void> =>
    store.exclusive(async transaction => {
      const cursor = await readCursor(transaction)
      if (cursor.epoch === epoch) return
      putJson(transaction, keys.cursor, { epoch, sequence: cursor.epoch === 0 ? cursor.sequence : 0 })
    })
  const cursor = async () => (await store.exclusive(readCursor)).sequence
  const acknowledge = (upTo: number): Promise<void> => api.call('POST', '/api/messages/ack', { up_to: upTo })

  return {
    take,
    meetEpoch,
    cursor,
    acknowledge,
    async pull() {
      for (let more = true; more; ) {
        const page = await api.call<Page>('GET', `/api/messages?limit=${pageSize}`)
        await meetEpoch(page.epoch)
        for (const { envelope, body, sequence } of page.messages) {
          await take({ sequence, envelope: decodeBase64(envelope), body: body === null ? null : decodeBase64(body) })
        }
        if (page.messages.length > 0) await acknowledge(page.next)
        more = page.more
      }
    },
    waiting: async () => {
      const stored = await store.exclusive(transaction => transaction.list(keys.inbox))
      return stored.map(([key, bytes]) => ({ key, message: readJson<StoredMessage>(bytes) }))
    },
    finish: key => store.exclusive(async transaction => transaction.delete(key)),
  }
}
