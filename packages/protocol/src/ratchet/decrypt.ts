import { equalBytes, wipe } from '../codec/bytes.js'
import { type Scratch, withScratch } from '../codec/scratch.js'
import { type Content, isKnownContent, kinds, unpadContent } from '../envelope/content.js'
import type { Envelope } from '../envelope/parse.js'
import { envelopeAad } from '../envelope/seal.js'
import { ProtocolError, refused } from '../errors.js'
import { fingerprint, identityKeyOf, type LocalDevice } from '../identity.js'
import { stepChain } from '../kdf.js'
import type { Algorithms } from '../ports.js'
import type { DeviceRecord } from '../records/device-record.js'
import { messageSealKey } from './message-key.js'
import { beginReceivingChain, knownChain } from './receive-step.js'
import { newestReceiving, type ReceivingChain, type Session, secretsOf } from './session.js'
import { pruneSession, pruneSkipped, skipTo } from './skipped.js'

/** What an envelope held. `content` is null where the plaintext was malformed or of an unknown kind: opened, then ignored. */
export interface Opened {
  readonly session: Session
  readonly content: Content | null
}

interface TakenKey {
  readonly messageKey: Uint8Array
  readonly session: Session
}

const takeStoredKey = (session: Session, chain: ReceivingChain, n: number): TakenKey => {
  const stored = session.skipped.find(key => key.epoch === chain.epoch && key.n === n)
  if (!stored) throw refused('key_gone', 'the key of this envelope is gone: it was opened before, or is too old')
  return {
    messageKey: stored.messageKey,
    session: { ...session, skipped: session.skipped.filter(key => key !== stored) },
  }
}

/** The message key of an envelope, and the session without it. */
const takeMessageKey = async (
  algorithms: Algorithms,
  scratch: Scratch,
  session: Session,
  chain: ReceivingChain,
  n: number,
): Promise<TakenKey> => {
  if (n < chain.n) return takeStoredKey(session, chain, n)
  if (!chain.chainKey) throw refused('key_gone', 'this chain has ended')
  const now = algorithms.now()
  const reached = await skipTo(algorithms.classical, scratch, chain, n, session.skipped, now)
  const { messageKey, next } = await stepChain(algorithms.classical, reached.chain.chainKey ?? chain.chainKey)
  const advanced = { ...reached.chain, chainKey: scratch.hold(next), n: n + 1 }
  const receiving = session.receiving.map(candidate => (candidate.epoch === chain.epoch ? advanced : candidate))
  const skipped = pruneSkipped(reached.skipped, receiving, now)
  return { messageKey: scratch.hold(messageKey), session: { ...session, receiving, skipped } }
}

/** What an opened envelope tells beside its content: the peer's KEM key, and which of ours it has. */
const takeNews = (session: Session, envelope: Envelope, isCounted: boolean, now: number): Session => {
  const { ek, header } = envelope
  const { ownKem } = session
  return {
    ...session,
    ...(ek && ek.id > session.peerKemId
      ? { peerKem: { id: ek.id, publicKey: ek.publicKey.slice() }, peerKemId: ek.id }
      : {}),
    ...(ownKem && header.ekAck === ownKem.id ? { ownKem: { ...ownKem, attach: false } } : {}),
    prekeyBlock: null,
    sinceKem: session.sinceKem + 1,
    ...(isCounted ? { unanswered: session.unanswered + 1 } : {}),
    ...(isCounted && session.unanswered === 0 ? { firstUnansweredAt: now } : {}),
  }
}

/** Null for what is authentic but malformed or unknown: its key is used up all the same, so the state is kept. */
const readContent = (envelope: Envelope, plaintext: Uint8Array): Content | null => {
  try {
    const content = unpadContent(plaintext)
    return isKnownContent(envelope.header.type, content) ? content : null
  } catch (error) {
    if (error instanceof ProtocolError) return null
    throw error
  }
}

const openWith = async (
  algorithms: Algorithms,
  scratch: Scratch,
  parties: { readonly local: LocalDevice; readonly peer: Pick<DeviceRecord, 'identityKey'> },
  envelope: Envelope,
  messageKey: Uint8Array,
): Promise<Uint8Array> => {
  const { classical } = algorithms
  const { header } = envelope
  const sealKey = await messageSealKey(classical, messageKey, header.salt, header.sid)
  scratch.hold(sealKey.key)
  scratch.hold(sealKey.nonce)
  if (!equalBytes(sealKey.commitment, header.commitment)) {
    throw refused('commitment', 'the commitment of an envelope does not hold')
  }
  const ownFingerprint = await fingerprint(classical, identityKeyOf(parties.local))
  const peerFingerprint = await fingerprint(classical, parties.peer.identityKey)
  const aad = envelopeAad(peerFingerprint, ownFingerprint, envelope.bytes, envelope.blocks)
  const plaintext = await classical.aesGcmOpen(sealKey.key, sealKey.nonce, aad, envelope.sealed)
  if (!plaintext) throw refused('tag', 'an envelope does not open')
  return plaintext
}

/**
 * Opens an envelope of this session whose form and signature were judged. Works on a copy: throws `refused` and leaves the
 * session as it is unless the AEAD opened. The returned session is to be stored before anything else is done with the
 * content; `wipeReplaced(old, new)` then erases what it no longer holds.
 */
export const decrypt = (
  algorithms: Algorithms,
  local: LocalDevice,
  peer: Pick<DeviceRecord, 'identityKey'>,
  session: Session,
  envelope: Envelope,
): Promise<Opened> =>
  withScratch(
    async scratch => {
      const { header } = envelope
      if (!equalBytes(header.sid, session.sid))
        throw refused('unknown_session', 'an envelope belongs to another session')
      if (header.ekAck > session.ownKemId) throw refused('kem_key', 'an envelope names a key that was never sent')
      const current = pruneSession(session, algorithms.now())
      const known = knownChain(current, envelope)
      const begun = known ? current : await beginReceivingChain(algorithms, scratch, current, envelope)
      const chain = known ?? (newestReceiving(begun) as ReceivingChain)
      const taken = await takeMessageKey(algorithms, scratch, begun, chain, header.n)
      const plaintext = await openWith(algorithms, scratch, { local, peer }, envelope, taken.messageKey)
      const content = readContent(envelope, plaintext)
      wipe(plaintext)
      return { session: takeNews(taken.session, envelope, content?.kind !== kinds.empty, algorithms.now()), content }
    },
    opened => secretsOf(opened.session),
  )
