import { type Control, decodeControl } from '@qsm/contract'
import { advancePeer, type Content, kinds } from '@qsm/protocol'
import { idFromBytes } from '../ids.js'
import type { Address } from '../peers/address.js'
import { putState, readState } from '../peers/peer-states.js'
import type { StoreTransaction } from '../store/store.js'
import { markCritical } from './critical.js'
import type { OpenedEnvelope } from './open-envelope.js'

/** What a control has brought about that the application is told of. */
export type Told =
  | { readonly kind: 'receipt'; readonly receipt: Extract<Control, { readonly type: 'receipt' }> }
  /** The other side has destroyed its keys: so has this one. */
  | { readonly kind: 'session-ended' }

/** Drops the sessions that the sender had when it ended them; one that was begun since stays, and so does the pinned key. */
const endSessions = async (transaction: StoreTransaction, sender: Address, sentAt: number): Promise<void> => {
  const state = await readState(transaction, sender)
  if (!state) return
  const entries = state.entries.filter(entry => entry.begunAt > sentAt)
  putState(transaction, sender, advancePeer(state, { entries }), state)
}

/** Obeys a control within a transaction. Null where there is nothing to tell: unknown types are ignored. */
export const takeControl = async (
  transaction: StoreTransaction,
  { envelope, sender }: Pick<OpenedEnvelope, 'envelope' | 'sender'>,
  content: Content,
  ownUser: Uint8Array,
): Promise<Told | null> => {
  const control = content.kind === kinds.controlJson ? decodeControl(content.content) : null
  if (control?.type === 'importance') markCritical(transaction, sender, control.message_id)
  // What an own device says to somebody else comes here as well.
  if (sender.userId === idFromBytes(ownUser)) return null
  if (control?.type === 'receipt') return { kind: 'receipt', receipt: control }
  if (control?.type !== 'end') return null
  await endSessions(transaction, sender, envelope.header.sentAt)
  return { kind: 'session-ended' }
}
