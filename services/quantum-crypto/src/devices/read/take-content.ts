import { decodeBase64, decodeControl } from '@qsm/contract'
import { advancePeer, type Content, envelopeTypes, kinds, textOf, unpackContent, wipe } from '@qsm/protocol'
import { idFromBytes } from '@qsm/server-kit'
import type { OpenedEnvelope } from './open-envelope.js'
import { keepOpened, takeReceipt } from './opened-texts.js'
import type { MailboxEntry, Reading } from './reading.js'
import { announceCritical, markSeen, takeAnnounced } from './seen.js'

/** The sender has destroyed its side of the sessions that it had then: so does this side. Its pinned key stays. */
const endSessions = async ({ scope }: Reading, { sender, envelope }: OpenedEnvelope): Promise<void> => {
  const peer = await scope.peers.get(sender)
  if (!peer) return
  const entries = peer.entries.filter(entry => entry.begunAt > envelope.header.sentAt)
  scope.peers.put(advancePeer(peer, { entries }))
}

const takeReceiptOf = async (
  { scope, receipts }: Reading,
  peerUserId: string,
  receipt: Parameters<typeof takeReceipt>[2],
): Promise<void> => {
  const ids = await takeReceipt(scope, peerUserId, receipt)
  if (ids.length > 0) receipts.push({ from_user_id: peerUserId, kind: receipt.kind, message_ids: ids })
}

const obey = async (reading: Reading, opened: OpenedEnvelope, content: Content): Promise<void> => {
  const { scope } = reading
  const control = content.kind === kinds.controlJson ? decodeControl(content.content) : null
  switch (control?.type) {
    case 'importance':
      return announceCritical(scope, { sender: opened.sender, messageId: control.message_id })
    case 'receipt':
      return takeReceiptOf(reading, opened.sender.userId, control)
    case 'end':
      return endSessions(reading, opened)
    default: // Empty, or of a type that only newer clients know.
      return undefined
  }
}

/**
 * Does what an opened envelope says: keeps a text, obeys a control. Each (sender, message id) once. Throws `ProtocolError`
 * where a body apart is missing or does not open; the session has gone on all the same.
 */
export const takeContent = async (reading: Reading, entry: MailboxEntry, opened: OpenedEnvelope): Promise<void> => {
  const { scope, epoch } = reading
  const { envelope, sender, messageId, content } = opened
  const key = { sender, messageId }
  if (!content) return
  if (envelope.header.type === envelopeTypes.control) {
    if (await markSeen(scope, key)) await obey(reading, opened, content)
    return
  }
  const body = entry.body === null ? null : decodeBase64(entry.body)
  const unpacked = await unpackContent(scope.algorithms, scope.local, envelope, content, body)
  const text = unpacked && textOf(unpacked.content)
  wipe(content.content, unpacked?.content.content)
  const isFirst = await markSeen(scope, key)
  const isCritical = await takeAnnounced(scope, key)
  if (!unpacked || text === null || !isFirst) return
  const peerUserId = unpacked.toUser ? idFromBytes(unpacked.toUser) : sender.userId
  const place = { ...key, epoch, sequence: entry.sequence, peerUserId, receivedAt: entry.received_at }
  await keepOpened(scope, place, text, isCritical)
}
