import { type Algorithms, equalBytes, flags, ProtocolError, parseEnvelope, textOf, unpackContent } from '@qsm/protocol'
import { readDevice } from '../device/own-device.js'
import { idFromBytes } from '../ids.js'
import { readPeer } from '../peers/peer.js'
import type { StoreTransaction } from '../store/store.js'
import { type Told, takeControl } from './controls.js'
import { takeCritical } from './critical.js'
import type { Delivered } from './delivered.js'
import { putIncoming } from './inbox.js'
import type { StoredMessage } from './message.js'
import { type OpenedEnvelope, openEnvelope, type Wanting } from './open-envelope.js'
import { putQuarantined } from './quarantine.js'
import { markSeen, wasSeen } from './seen.js'

/** What became of a delivered envelope; all of it is kept in the transaction. */
export type Taken =
  | { readonly kind: 'message'; readonly message: StoredMessage; readonly opened: OpenedEnvelope }
  /** Opened, and nothing to show: a control, empty, of an unknown kind, or shown before. */
  | { readonly kind: 'nothing'; readonly opened: OpenedEnvelope; readonly told: Told | null }
  /** It came a second time. */
  | { readonly kind: 'repeat' }
  /** It cannot be opened and stands in quarantine. */
  | { readonly kind: 'quarantined'; readonly reason: string }
  | Wanting

const toMessage = async (
  transaction: StoreTransaction,
  delivered: Delivered,
  { envelope, peer, isAccepted }: OpenedEnvelope,
  said: {
    readonly text: string
    readonly toUser: Uint8Array | null
    readonly isMine: boolean
    readonly isCritical: boolean
  },
): Promise<StoredMessage> => {
  const { header } = envelope
  const receiver = said.toUser ? await readPeer(transaction, idFromBytes(said.toUser)) : null
  return {
    id: idFromBytes(header.msgId),
    from: peer.username,
    peer: said.toUser ? (receiver?.username ?? idFromBytes(said.toUser)) : peer.username,
    text: said.text,
    sentAt: header.sentAt,
    receivedAt: delivered.receivedAt,
    verified: isAccepted,
    managed: (header.flags & flags.managed) !== 0,
    importance: said.isCritical ? 'critical' : 'normal',
    isMine: said.isMine,
  }
}

const takeOpened = async (
  transaction: StoreTransaction,
  algorithms: Algorithms,
  delivered: Delivered,
  opened: OpenedEnvelope,
): Promise<Taken> => {
  const { envelope, sender, content } = opened
  const local = await readDevice(transaction)
  const nothing = { kind: 'nothing', opened, told: null } as const
  if (await wasSeen(transaction, sender, envelope.header.msgId)) return nothing
  const unpacked = await unpackContent(algorithms, local, envelope, content, delivered.body)
  await markSeen(transaction, sender, envelope.header.msgId)
  const text = unpacked && textOf(unpacked.content)
  if (!unpacked) return nothing
  if (text === null) {
    return { ...nothing, told: await takeControl(transaction, opened, unpacked.content, local.user) }
  }
  const isMine = equalBytes(envelope.header.senderUser, local.user)
  const isCritical = await takeCritical(transaction, sender, idFromBytes(envelope.header.msgId))
  const said = { text, toUser: unpacked.toUser, isMine, isCritical }
  const message = await toMessage(transaction, delivered, opened, said)
  await putIncoming(transaction, message)
  return { kind: 'message', message, opened }
}

/** Repeats are known by their erased key; the mark tells them from what never opened. */
const isRepeat = async (
  transaction: StoreTransaction,
  error: ProtocolError,
  envelope: Uint8Array,
): Promise<boolean> => {
  if (error.reason !== 'key_gone' && error.reason !== 'begun_before' && error.reason !== 'unknown_prekey') return false
  const { header } = parseEnvelope(envelope)
  return wasSeen(transaction, { userId: idFromBytes(header.senderUser), deviceId: header.senderDevice }, header.msgId)
}

/**
 * Takes one delivered envelope within a transaction: opens it, marks it as seen, puts its text into the inbox. What cannot
 * be opened goes into quarantine. `wanting` results change nothing.
 */
export const takeDelivered = async (
  transaction: StoreTransaction,
  algorithms: Algorithms,
  delivered: Delivered,
  epoch: number,
): Promise<Taken> => {
  try {
    const opened = await openEnvelope(transaction, algorithms, delivered.envelope)
    return opened.kind === 'opened' ? await takeOpened(transaction, algorithms, delivered, opened) : opened
  } catch (error) {
    if (!(error instanceof ProtocolError) || error.code === 'usage') throw error
    if (await isRepeat(transaction, error, delivered.envelope)) return { kind: 'repeat' }
    const reason = `${error.message} (${error.reason})`
    await putQuarantined(transaction, epoch, delivered, reason)
    return { kind: 'quarantined', reason }
  }
}

/** Quarantines what still wants something that cannot be had. */
export const giveUpOn = async (
  transaction: StoreTransaction,
  delivered: Delivered,
  epoch: number,
  wanting: Wanting,
): Promise<Taken> => {
  const reason =
    wanting.kind === 'unknown-sender'
      ? 'the device of its sender is not known to the server (unknown_sender)'
      : 'it belongs to no session that is known here (unknown_session)'
  await putQuarantined(transaction, epoch, delivered, reason)
  return { kind: 'quarantined', reason }
}
