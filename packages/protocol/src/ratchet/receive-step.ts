import { equalBytes } from '../codec/bytes.js'
import type { Scratch } from '../codec/scratch.js'
import type { CtBlock, Envelope } from '../envelope/parse.js'
import { refused } from '../errors.js'
import type { Algorithms } from '../ports.js'
import { rootStep } from './root-step.js'
import { bounds, newestReceiving, type ReceivingChain, type Session } from './session.js'
import { pruneSkipped, skipTo } from './skipped.js'

const isSameCt = (one: CtBlock | null, other: CtBlock | null): boolean =>
  one === null || other === null
    ? one === other
    : one.ekId === other.ekId && equalBytes(one.ciphertext, other.ciphertext)

/** The chain of a known `dh`; under it epoch and ct block are the chain's. Null for an unknown one. */
export const knownChain = (session: Session, envelope: Envelope): ReceivingChain | null => {
  const chain = session.receiving.find(candidate => equalBytes(candidate.dh, envelope.header.dh))
  if (!chain) return null
  if (chain.epoch !== envelope.header.epoch || !isSameCt(chain.ct, envelope.ct)) {
    throw refused('chain', 'an envelope does not fit its chain')
  }
  return chain
}

const openKemStep = async (algorithms: Algorithms, scratch: Scratch, session: Session, ct: CtBlock | null) => {
  if (!ct) return null
  const { ownKem } = session
  if (!ownKem || ownKem.id !== ct.ekId) throw refused('kem_key', 'a ct was made to a key that is not held')
  const ciphertext = ct.ciphertext.slice()
  const ss = scratch.hold(await algorithms.kem.decapsulate(ownKem.keyPair.secretKey, ciphertext))
  return { ss, ek: ownKem.keyPair.publicKey, ct: ciphertext }
}

/** Refuses a new chain that the ratchet does not expect: each side begins one in its turn, and none is shorter than seen. */
const checkTurn = (session: Session, envelope: Envelope) => {
  const { header } = envelope
  const { sending, own } = session
  const newest = newestReceiving(session)
  if (!sending || !own || (newest && sending.epoch <= newest.epoch))
    throw refused('out_of_turn', 'a new chain comes out of turn')
  if (header.epoch !== session.rootSteps + 1) throw refused('out_of_turn', 'a new chain has another epoch')
  if (header.pn < (newest?.n ?? 0)) throw refused('out_of_turn', 'a new chain says that the old one was shorter')
  return { own, newest }
}

/** The receiving root step for an unknown `dh`: stores what the old chain still owes, then begins the new chain. */
export const beginReceivingChain = async (
  algorithms: Algorithms,
  scratch: Scratch,
  session: Session,
  envelope: Envelope,
): Promise<Session> => {
  const { own, newest } = checkTurn(session, envelope)
  const { classical } = algorithms
  const dh = envelope.header.dh.slice()
  const now = algorithms.now()
  const ended = newest && (await skipTo(classical, scratch, newest, envelope.header.pn, session.skipped, now))
  const kem = await openKemStep(algorithms, scratch, session, envelope.ct)
  const { rootKey, chainKey } = await rootStep(classical, scratch, {
    rootKey: session.rootKey,
    sid: session.sid,
    senderDh: dh,
    receiverDh: own.publicKey,
    ecdh: scratch.hold(await classical.ecdh(own, dh)),
    kem,
  })
  const ct = envelope.ct && kem ? { ekId: envelope.ct.ekId, ciphertext: kem.ct } : null
  const chain: ReceivingChain = { dh, epoch: envelope.header.epoch, chainKey, n: 0, ct }
  const before = ended ? [...session.receiving.slice(0, -1), { ...ended.chain, chainKey: null }] : session.receiving
  const receiving = [...before, chain].slice(-bounds.receivingChains)
  return {
    ...session,
    rootKey,
    rootSteps: session.rootSteps + 1,
    // The private halves go with the step that has used them.
    own: null,
    peerDh: dh,
    receiving,
    skipped: pruneSkipped(ended ? ended.skipped : session.skipped, receiving, now),
    ...(kem ? { ownKem: null, sinceKem: 0, lastKemAt: now } : {}),
  }
}
