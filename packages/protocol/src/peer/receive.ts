import { equalBytes, wipe } from '../codec/bytes.js'
import type { Content } from '../envelope/content.js'
import { checkEnvelopeKeys, type Envelope, type PrekeyBlock } from '../envelope/parse.js'
import { agreesWithRecord, verifyEnvelope } from '../envelope/verify.js'
import { asEnvelopeRefusal, refused } from '../errors.js'
import { answerPrekey } from '../handshake/mode-a.js'
import type { LocalDevice } from '../identity.js'
import type { Algorithms } from '../ports.js'
import { decrypt } from '../ratchet/decrypt.js'
import { type Session, secretsOf } from '../ratchet/session.js'
import { acceptDeviceRecord, type DeviceRecord } from '../records/device-record.js'
import { type PrekeySecrets, prekeyKinds } from '../records/prekey.js'
import { advancePeer, newPeer, type PeerState } from './peer-state.js'
import { addSession, advanceEntry, entryOfSid } from './session-choice.js'

/** What became of the own prekey by which a session was begun. */
export interface UsedPrekey {
  readonly id: number
  /** To be stored in its place; null for a one-time prekey: delete it in the same write, then `wipePrekey`. */
  readonly kept: PrekeySecrets | null
}

/** An opened envelope, and what must be stored before it is shown or acknowledged. */
export interface Received {
  readonly peer: PeerState
  readonly usedPrekey: UsedPrekey | null
  /** Null where it was authentic but malformed or of an unknown kind: to be acknowledged and ignored. */
  readonly content: Content | null
}

const checkAddresses = (local: LocalDevice, sender: DeviceRecord, envelope: Envelope): void => {
  const { header } = envelope
  if (!equalBytes(header.recipientUser, local.user) || header.recipientDevice !== local.device) {
    throw refused('address', 'an envelope is for another device')
  }
  if (!equalBytes(header.senderUser, sender.user) || header.senderDevice !== sender.device) {
    throw refused('address', 'an envelope is from another device')
  }
}

/** All that needs no session: the server's checks are no reason to trust (docs/protocol.md section 7). */
const judge = async (
  algorithms: Algorithms,
  local: LocalDevice,
  sender: DeviceRecord,
  envelope: Envelope,
): Promise<void> => {
  checkAddresses(local, sender, envelope)
  if (envelope.prekey && !equalBytes(envelope.prekey.record.identityKey, sender.identityKey)) {
    throw refused('identity', 'the sender shows another identity key than the pinned one')
  }
  if (!agreesWithRecord(envelope, sender))
    throw refused('identity', 'an envelope differs from the record of its sender')
  checkEnvelopeKeys(envelope)
  if (!(await verifyEnvelope(algorithms, envelope, sender.identityKey))) {
    throw refused('signature', 'the signature of an envelope does not hold')
  }
}

/** The session of a first envelope, not yet proven by an AEAD. */
const beginFrom = async (
  algorithms: Algorithms,
  local: LocalDevice,
  envelope: Envelope,
  block: PrekeyBlock,
  prekey: PrekeySecrets | null,
): Promise<Session> => {
  if (!prekey || prekey.id !== block.prekeyId)
    throw refused('unknown_prekey', 'an envelope names a prekey that is not held')
  const session = await answerPrekey(algorithms, local, prekey, block, envelope.header.dh)
  const isAsNamed = equalBytes(session.sid, envelope.header.sid)
  if (isAsNamed && !prekey.usedSids.some(sid => equalBytes(sid, session.sid))) return session
  wipe(...secretsOf(session))
  throw isAsNamed
    ? refused('begun_before', 'a last-resort prekey begins no session twice')
    : refused('unknown_session', 'a first envelope names another session')
}

const openFirst = async (
  algorithms: Algorithms,
  local: LocalDevice,
  peer: PeerState,
  envelope: Envelope,
  prekey: PrekeySecrets | null,
): Promise<Received> => {
  const block = envelope.prekey
  if (!block) throw refused('unknown_session', 'an envelope belongs to no session that is known here')
  const { user, device } = peer.record
  await acceptDeviceRecord(algorithms, block.record, { user, device, pinned: peer.record })
  const begun = await beginFrom(algorithms, local, envelope, block, prekey)
  // `beginFrom` has refused a missing prekey.
  const used = prekey as PrekeySecrets
  try {
    const { session, content } = await decrypt(algorithms, local, peer.record, begun, envelope)
    const { sentAt } = envelope.header
    const entries = advanceEntry(addSession(peer.entries, session, sentAt, algorithms.now()), session, sentAt)
    const record = block.record.createdAt > peer.record.createdAt ? block.record : peer.record
    const kept = used.kind === prekeyKinds.oneTime ? null : { ...used, usedSids: [...used.usedSids, session.sid] }
    const still = new Set(secretsOf(session))
    wipe(...secretsOf(begun).filter(secret => !still.has(secret)))
    return { peer: advancePeer(peer, { record, entries }), usedPrekey: { id: used.id, kept }, content }
  } catch (error) {
    wipe(...secretsOf(begun))
    throw error
  }
}

/** What the receiver holds of the sender of an envelope. */
export interface ReceiveContext {
  /** The state of the sending device; null where none is kept: the envelope must then begin a session. */
  readonly peer: PeerState | null
  /** The own prekey that `envelope.prekey` names, where it is held. Not looked at within a known session. */
  readonly prekey: PrekeySecrets | null
}

/**
 * Judges and opens a parsed envelope: addresses, form, signature, then the session by its sid, or a new one from its prekey
 * block. Nothing changes unless the AEAD opened. Store `peer` and the prekey's change in one write before the content is
 * shown or the envelope acknowledged; then `wipePeer(old, new)`.
 *
 * Throws `envelope_refused`, with one text for all causes; its `reason` is for the own side alone: `key_gone` means that it
 * was opened before or is too old, `identity` that the sender shows another key than the pinned one.
 */
export const openFrom = async (
  algorithms: Algorithms,
  local: LocalDevice,
  context: ReceiveContext,
  envelope: Envelope,
): Promise<Received> => {
  try {
    const sender = context.peer?.record ?? envelope.prekey?.record
    if (!sender) throw refused('unknown_session', 'an envelope belongs to no session that is known here')
    await judge(algorithms, local, sender, envelope)
    const peer = context.peer ?? newPeer(sender)
    const entry = entryOfSid(peer.entries, envelope.header.sid)
    if (!entry) return await openFirst(algorithms, local, peer, envelope, context.prekey)
    const { session, content } = await decrypt(algorithms, local, peer.record, entry.session, envelope)
    const entries = advanceEntry(peer.entries, session, envelope.header.sentAt)
    return { peer: advancePeer(peer, { entries }), usedPrekey: null, content }
  } catch (error) {
    throw asEnvelopeRefusal(error)
  }
}
