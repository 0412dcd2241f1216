import type { Content, EnvelopeType } from '@qsm/protocol'
import { takeNumbers } from '../store/counter.js'
import { keys } from '../store/keys.js'
import type { StoreTransaction } from '../store/store.js'
import { decodeRecord, encodeRecord } from '../store/values.js'

/** A sealed message on its way: what leaves, and the content by which it can be sealed again. */
export interface Outgoing {
  /** UUID; the msgId of every envelope. */
  readonly messageId: string
  readonly userId: string
  readonly username: string
  readonly type: EnvelopeType
  readonly content: Content
  readonly sealedAt: number
  /** Which client of the store waits for the outcome. */
  readonly run: string
  readonly body: Uint8Array | null
  readonly envelopes: readonly Uint8Array[]
}

type Head = Omit<Outgoing, 'content' | 'body' | 'envelopes'> & { readonly kind: number; readonly hasBody: boolean }

const none = new Uint8Array(0)

const encode = ({ content, body, envelopes, ...rest }: Outgoing): Uint8Array => {
  const head: Head = { ...rest, kind: content.kind, hasBody: body !== null }
  return encodeRecord(head, [content.content, body ?? none, ...envelopes])
}

export const readOutgoing = async (transaction: StoreTransaction, key: string): Promise<Outgoing | null> => {
  const bytes = await transaction.get(key)
  if (!bytes) return null
  const { head, parts } = decodeRecord<Head>(key, bytes)
  const { kind, hasBody, ...rest } = head
  const [content = none, body = none, ...envelopes] = parts
  return { ...rest, content: { kind, content }, body: hasBody ? body : null, envelopes }
}

/** Puts a message at the end of the queue to its receiver. Returns its key; keys of one receiver ascend. */
export const appendOutgoing = async (transaction: StoreTransaction, outgoing: Outgoing): Promise<string> => {
  const key = keys.outgoing(outgoing.userId, await takeNumbers(transaction, 'outbox'))
  transaction.put(key, encode(outgoing))
  return key
}

export const replaceOutgoing = (transaction: StoreTransaction, key: string, outgoing: Outgoing): void =>
  transaction.put(key, encode(outgoing))

/** The users to whom something waits. */
export const waitingReceivers = async (transaction: StoreTransaction): Promise<readonly string[]> => {
  const userIds = (await transaction.keys(keys.outbox)).map(key => key.slice(keys.outbox.length).split('/')[0] ?? '')
  return [...new Set(userIds)]
}
