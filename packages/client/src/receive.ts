import {
  acceptDeviceRecord,
  addSession,
  agreesWithRecord,
  type Algorithms,
  answerPrekey,
  checkEnvelopeKeys,
  type Content,
  decodeOwnCopy,
  decodePrekeySecrets,
  decrypt,
  type DeviceRecord,
  type Envelope,
  entryOfSid,
  equalBytes,
  kinds,
  type LocalDevice,
  openBodyApart,
  parseEnvelope,
  prekeyKinds,
  ProtocolError,
  replaceEntry,
  type SessionEntry,
  toHex,
  verifyEnvelope,
  wipePrekey,
  wipeReplaced,
} from '@qsm/protocol'
import { readDevice } from './device.js'
import { idFromBytes } from './ids.js'
import { readPeer, recordOf } from './peers.js'
import { readSessions, writeSessions } from './sessions.js'
import { getJson, keys, nextNumber, type Peer, putJson, type StoredMessage } from './state.js'
import type { StoreTransaction } from './store.js'

/** An envelope as the server handed it out. */
export interface Delivered {
  readonly sequence: number
  readonly envelope: Uint8Array
  readonly body: Uint8Array | null
}

/** What became of it. `unknown-sender` asks the caller to learn the sender's devices and try again. */
export type Outcome =
  | { readonly kind: 'message'; readonly message: StoredMessage }
  | { readonly kind: 'nothing' }
  | { readonly kind: 'unknown-sender'; readonly userId: string; readonly deviceId: number }

const decoder = new TextDecoder('utf-8', { fatal: true })
const refuse = (message: string) => new ProtocolError('refused', message)

const refuseReplayedBeginning = async (transaction: StoreTransaction, sid: Uint8Array): Promise<void> => {
  if (await transaction.get(keys.lastResortSid(toHex(sid)))) throw refuse('a session was begun twice with a last-resort prekey')
}

/** Opens the first envelope of a session that the peer begins by one of our prekeys. */
const openFirst = async (
  algorithms: Algorithms,
  transaction: StoreTransaction,
  local: LocalDevice,
  sender: DeviceRecord,
  envelope: Envelope,
  entries: readonly SessionEntry[],
): Promise<{ content: Content | null; entries: readonly SessionEntry[] }> => {
  const { prekey, header } = envelope
  if (!prekey) throw refuse('an envelope belongs to no session that is known here')
  await acceptDeviceRecord(algorithms, prekey.record, { user: sender.user, device: sender.device, pinned: sender.identityKey })
  const stored = await transaction.get(keys.prekey(prekey.prekeyId))
  if (!stored) throw refuse('an envelope names a prekey that is not held here')
  const secrets = decodePrekeySecrets(stored)
  const begun = await answerPrekey(algorithms, local, secrets, prekey, header.dh)
  if (!equalBytes(begun.sid, header.sid)) throw refuse('a first envelope names another session')
  if (secrets.kind === prekeyKinds.lastResort) await refuseReplayedBeginning(transaction, begun.sid)
  const opened = await decrypt(algorithms, local, sender, begun, envelope)
  wipeReplaced(begun, opened.session)
  if (secrets.kind === prekeyKinds.oneTime) transaction.delete(keys.prekey(prekey.prekeyId))
  else putJson(transaction, keys.lastResortSid(toHex(begun.sid)), secrets.notAfter)
  wipePrekey(secrets)
  const added = addSession(entries, opened.session, header.sentAt, algorithms.now())
  const entry = entryOfSid(added, header.sid)
  return { content: opened.content, entries: entry ? replaceEntry(added, { ...entry, lastOpenedAt: header.sentAt }) : added }
}

const openNext = async (
  algorithms: Algorithms,
  local: LocalDevice,
  sender: DeviceRecord,
  envelope: Envelope,
  entries: readonly SessionEntry[],
  entry: SessionEntry,
): Promise<{ content: Content | null; entries: readonly SessionEntry[] }> => {
  const opened = await decrypt(algorithms, local, sender, entry.session, envelope)
  const { sentAt } = envelope.header
  const begunAt = entry.lastOpenedAt === 0 && entry.begunAt === 0 ? sentAt : entry.begunAt
  return { content: opened.content, entries: replaceEntry(entries, { ...entry, session: opened.session, begunAt, lastOpenedAt: sentAt }) }
}

/** The text of a content, with the body that it may name; own copies say to whom they went. */
const readText = async (
  algorithms: Algorithms,
  envelope: Envelope,
  body: Uint8Array | null,
  content: Content,
  isOwn: boolean,
): Promise<{ text: string; toUser: Uint8Array | null } | null> => {
  const copy = content.kind === kinds.ownCopy && isOwn ? decodeOwnCopy(content.content) : null
  if (content.kind === kinds.ownCopy && !copy) throw refuse('another user sends what only own devices may')
  let inner = copy?.inner ?? content
  if (inner.kind === kinds.bodyApart) inner = await openBodyApart(algorithms, envelope.header.msgId, inner.content, body)
  if (inner.kind !== kinds.text) return null
  return { text: decoder.decode(inner.content), toUser: copy?.toUser ?? null }
}

const senderRecord = (peer: Peer | null, deviceId: number): { record: DeviceRecord; accepted: boolean } | null => {
  const device = peer?.devices.find(candidate => candidate.deviceId === deviceId)
  return device ? { record: recordOf(device), accepted: device.accepted } : null
}

/**
 * Judges and opens one delivered envelope within a transaction: the session, the erased keys, the message and what was
 * seen are kept together. Throws `ProtocolError` for what does not belong here; nothing of the session changes then.
 */
export const openDelivered = async (algorithms: Algorithms, transaction: StoreTransaction, delivered: Delivered): Promise<Outcome> => {
  const local = await readDevice(transaction)
  const envelope = parseEnvelope(delivered.envelope)
  const { header } = envelope
  if (!equalBytes(header.recipientUser, local.user) || header.recipientDevice !== local.device) {
    throw refuse('an envelope is for another device')
  }
  checkEnvelopeKeys(envelope)
  const userId = idFromBytes(header.senderUser)
  const peer = await readPeer(transaction, userId)
  const sender = senderRecord(peer, header.senderDevice)
  if (!peer || !sender) return { kind: 'unknown-sender', userId, deviceId: header.senderDevice }
  if (!agreesWithRecord(envelope, sender.record)) throw refuse('the managed flag or suite differs from the record of the sender')
  if (!(await verifyEnvelope(algorithms, envelope, sender.record.identityKey))) throw refuse('the signature of an envelope does not hold')

  const entries = await readSessions(transaction, userId, header.senderDevice)
  const entry = entryOfSid(entries, header.sid)
  const opened = entry
    ? await openNext(algorithms, local, sender.record, envelope, entries, entry)
    : await openFirst(algorithms, transaction, local, sender.record, envelope, entries)
  writeSessions(transaction, userId, header.senderDevice, opened.entries)

  const messageId = idFromBytes(header.msgId)
  const seenKey = keys.seen(userId, messageId)
  if (!opened.content || (await transaction.get(seenKey))) return { kind: 'nothing' }
  const isOwn = equalBytes(header.senderUser, local.user)
  const read = await readText(algorithms, envelope, delivered.body, opened.content, isOwn)
  if (!read) return { kind: 'nothing' }
  const receiver = read.toUser ? await readPeer(transaction, idFromBytes(read.toUser)) : null
  const message: StoredMessage = {
    id: messageId,
    from: peer.username,
    peer: receiver?.username ?? peer.username,
    text: read.text,
    sentAt: header.sentAt,
    verified: sender.accepted,
    managed: sender.record.managed,
    isMine: isOwn,
  }
  putJson(transaction, seenKey, header.sentAt)
  putJson(transaction, keys.incoming(await nextNumber(transaction, 'inbox')), message)
  return { kind: 'message', message }
}

/** How far the mailbox was read, and of which epoch. */
export interface Cursor {
  readonly sequence: number
  readonly epoch: number
}

export const readCursor = async (transaction: StoreTransaction): Promise<Cursor> =>
  (await getJson<Cursor>(transaction, keys.cursor)) ?? { sequence: 0, epoch: 0 }
