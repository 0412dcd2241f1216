import { equalBytes, wipe } from '../codec/bytes.js'
import { type Content, kindFitsType, kinds, unpadContent } from '../envelope/content.js'
import type { Envelope } from '../envelope/parse.js'
import { envelopeAad } from '../envelope/seal.js'
import { refused } from '../errors.js'
import { stepChain } from '../kdf.js'
import { fingerprint, identityKeyOf, type LocalDevice } from '../identity.js'
import type { Algorithms } from '../ports.js'
import type { DeviceRecord } from '../records/device-record.js'
import { messageSealKey } from './message-key.js'
import { beginReceivingChain, knownChain } from './receive-step.js'
import { newestReceiving, type ReceivingChain, type Session, wipeReplaced } from './session.js'
import { pruneSkipped, skipTo } from './skipped.js'

/** What an envelope held. `content` is null where the plaintext was malformed or of an unknown kind: opened, then ignored. */
export interface Opened {
  readonly session: Session
  readonly content: Content | null
}

const replaceChain = (session: Session, chain: ReceivingChain): readonly ReceivingChain[] =>
  session.receiving.map(candidate => (candidate.epoch === chain.epoch ? chain : candidate))

/** The message key of an envelope, and the session without it. */
const takeMessageKey = async (
  algorithms: Algorithms,
  session: Session,
  chain: ReceivingChain,
  n: number,
): Promise<{ session: Session; messageKey: Uint8Array }> => {
  if (n < chain.n) {
    const stored = session.skipped.find(key => key.epoch === chain.epoch && key.n === n)
    if (!stored) throw refused('the key of this envelope is gone: it was opened before, or is too old')
    return { messageKey: stored.messageKey, session: { ...session, skipped: session.skipped.filter(key => key !== stored) } }
  }
  if (!chain.chainKey) throw refused('this chain has ended')
  const now = algorithms.now()
  const reached = await skipTo(algorithms.classical, chain, n, session.skipped, now)
  const { messageKey, next } = await stepChain(algorithms.classical, reached.chain.chainKey as Uint8Array)
  if (reached.chain.chainKey !== chain.chainKey) wipe(reached.chain.chainKey)
  const receiving = replaceChain(session, { ...reached.chain, chainKey: next, n: n + 1 })
  return { messageKey, session: { ...session, receiving, skipped: pruneSkipped(reached.skipped, receiving, now) } }
}

/** What an opened envelope tells beside its content: the peer's KEM key, and which of ours it has. */
const takeNews = (session: Session, envelope: Envelope, isCounted: boolean, now: number): Session => {
  const { ek, header } = envelope
  const news = ek && ek.id > session.peerKemId ? { peerKem: ek, peerKemId: ek.id } : {}
  const acknowledged = session.ownKem && header.ekAck === session.ownKem.id
  return {
    ...session,
    ...news,
    ...(acknowledged && session.ownKem ? { ownKem: { ...session.ownKem, attach: false } } : {}),
    prekeyBlock: null,
    sinceKem: session.sinceKem + 1,
    ...(isCounted
      ? { unanswered: session.unanswered + 1, firstUnansweredAt: session.unanswered === 0 ? now : session.firstUnansweredAt }
      : {}),
  }
}

const readContent = (envelope: Envelope, plaintext: Uint8Array): Content | null => {
  try {
    const content = unpadContent(plaintext)
    return kindFitsType(envelope.header.type, content.kind) ? content : null
  } catch {
    return null // Authentic but malformed: its key is used up all the same, so the state is kept.
  }
}

/**
 * Opens an envelope whose signature was verified. Works on a copy: throws `refused` and leaves the session as it is unless
 * the AEAD opened. The returned session is to be stored before anything else is done with the content.
 */
export const decrypt = async (
  algorithms: Algorithms,
  local: LocalDevice,
  peer: Pick<DeviceRecord, 'identityKey'>,
  session: Session,
  envelope: Envelope,
): Promise<Opened> => {
  const { header } = envelope
  const { classical } = algorithms
  if (header.ekAck > session.ownKemId) throw refused('an envelope names a key that was never sent')
  const known = knownChain(session, envelope)
  const begun = known ? session : await beginReceivingChain(algorithms, session, envelope)
  const chain = known ?? (newestReceiving(begun) as ReceivingChain)
  let taken: { session: Session; messageKey: Uint8Array } | null = null
  try {
    taken = await takeMessageKey(algorithms, begun, chain, header.n)
    const sealKey = await messageSealKey(classical, taken.messageKey, header.salt, session.sid)
    if (!equalBytes(sealKey.commitment, header.commitment)) throw refused('the commitment of an envelope does not hold')
    const ownFingerprint = await fingerprint(classical, identityKeyOf(local))
    const peerFingerprint = await fingerprint(classical, peer.identityKey)
    const aad = envelopeAad(peerFingerprint, ownFingerprint, envelope.bytes, envelope.blocks)
    const plaintext = await classical.aesGcmOpen(sealKey.key, sealKey.nonce, aad, envelope.sealed)
    wipe(sealKey.key, sealKey.nonce)
    if (!plaintext) throw refused('an envelope does not open')
    const content = readContent(envelope, plaintext)
    wipe(plaintext)
    if (!session.skipped.some(key => key.messageKey === taken?.messageKey)) wipe(taken.messageKey)
    const kept = takeNews(taken.session, envelope, content?.kind !== kinds.empty, algorithms.now())
    return { session: kept, content }
  } catch (error) {
    wipeReplaced(taken?.session ?? begun, session)
    throw error
  }
}
