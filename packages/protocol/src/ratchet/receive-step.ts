import { equalBytes } from '../codec/bytes.js'
import type { Envelope } from '../envelope/parse.js'
import { refused } from '../errors.js'
import type { Algorithms } from '../ports.js'
import { rootStep } from './root-step.js'
import { bounds, newestReceiving, type ReceivingChain, type Session } from './session.js'
import { pruneSkipped, skipTo } from './skipped.js'

const sameCt = (chain: ReceivingChain, envelope: Envelope): boolean =>
  chain.ct === null || envelope.ct === null
    ? chain.ct === envelope.ct
    : chain.ct.ekId === envelope.ct.ekId && equalBytes(chain.ct.ciphertext, envelope.ct.ciphertext)

/** The chain of a known `dh`; under it epoch and ct block are the chain's. Null for an unknown one. */
export const knownChain = (session: Session, envelope: Envelope): ReceivingChain | null => {
  const chain = session.receiving.find(candidate => equalBytes(candidate.dh, envelope.header.dh))
  if (!chain) return null
  if (chain.epoch !== envelope.header.epoch || !sameCt(chain, envelope)) throw refused('an envelope does not fit its chain')
  return chain
}

const openKemStep = async (algorithms: Algorithms, session: Session, envelope: Envelope) => {
  if (!envelope.ct) return null
  const { ownKem } = session
  if (!ownKem || ownKem.id !== envelope.ct.ekId) throw refused('a ct was made to a key that is not held')
  const ss = await algorithms.kem.decapsulate(ownKem.keyPair.secretKey, envelope.ct.ciphertext)
  return { ss, ek: ownKem.keyPair.publicKey, ct: envelope.ct.ciphertext }
}

/** The receiving root step for an unknown `dh`: stores what the old chain still owes, then begins the new chain. */
export const beginReceivingChain = async (algorithms: Algorithms, session: Session, envelope: Envelope): Promise<Session> => {
  const { header } = envelope
  const newest = newestReceiving(session)
  const { sending, own } = session
  if (!sending || !own || (newest && sending.epoch <= newest.epoch)) throw refused('a new chain comes out of turn')
  if (header.epoch !== session.rootSteps + 1) throw refused('a new chain has another epoch')
  if (header.pn < (newest?.n ?? 0)) throw refused('a new chain says that the old one was shorter')
  const now = algorithms.now()
  const ended = newest ? await skipTo(algorithms.classical, newest, header.pn, session.skipped, now) : null
  const kem = await openKemStep(algorithms, session, envelope)
  const ecdh = await algorithms.classical.ecdh(own, header.dh)
  const { rootKey, chainKey } = await rootStep(algorithms.classical, {
    rootKey: session.rootKey,
    sid: session.sid,
    senderDh: header.dh,
    receiverDh: own.publicKey,
    ecdh,
    kem,
  })
  const chain: ReceivingChain = { dh: header.dh, epoch: header.epoch, chainKey, n: 0, ct: envelope.ct }
  const before = ended ? [...session.receiving.slice(0, -1), { ...ended.chain, chainKey: null }] : session.receiving
  const receiving = [...before, chain].slice(-bounds.receivingChains)
  return {
    ...session,
    rootKey,
    rootSteps: session.rootSteps + 1,
    own: null,
    peerDh: header.dh,
    receiving,
    skipped: pruneSkipped(ended?.skipped ?? session.skipped, receiving, now),
    ...(kem ? { ownKem: null, sinceKem: 0, lastKemAt: now } : {}),
  }
}
