import type { Scratch } from '../codec/scratch.js'
import { usage } from '../errors.js'
import type { Algorithms } from '../ports.js'
import { isKemStepDue, type RatchetPolicy } from './policy.js'
import { rootStep } from './root-step.js'
import { newestReceiving, type Session } from './session.js'

/** Whether this side has received a chain newer than its own sending chain (G at the start). */
export const turnIsDue = (session: Session): boolean => {
  const newest = newestReceiving(session)
  return newest !== null && (session.sending === null || newest.epoch > session.sending.epoch)
}

const encapsulateWhereDue = async (
  algorithms: Algorithms,
  scratch: Scratch,
  session: Session,
  policy: RatchetPolicy,
) => {
  const { peerKem } = session
  if (!peerKem || !isKemStepDue(session, policy, algorithms.now())) return null
  const { ciphertext, sharedSecret } = await algorithms.kem.encapsulate(peerKem.publicKey)
  return { ss: scratch.hold(sharedSecret), ek: peerKem.publicKey, ct: ciphertext, ekId: peerKem.id }
}

/**
 * The sending half of the ratchet, put off until there is something to send (Double Ratchet section 6.5, deferred keys).
 * Draws in this order: the P-256 key, the encapsulation where one is due, a new own ek where none is outstanding.
 */
export const takeTurn = async (
  algorithms: Algorithms,
  scratch: Scratch,
  session: Session,
  policy: RatchetPolicy,
): Promise<Session> => {
  const { classical } = algorithms
  const { peerDh } = session
  if (!peerDh) throw usage('this session has nobody to turn to')
  const own = await classical.generateP256()
  scratch.hold(own.secretKey)
  const kem = await encapsulateWhereDue(algorithms, scratch, session, policy)
  const { rootKey, chainKey } = await rootStep(classical, scratch, {
    rootKey: session.rootKey,
    sid: session.sid,
    senderDh: own.publicKey,
    receiverDh: peerDh,
    ecdh: scratch.hold(await classical.ecdh(own, peerDh)),
    kem,
  })
  const drawn = session.ownKem ? null : await algorithms.kem.generateKeyPair()
  if (drawn) scratch.hold(drawn.secretKey)
  const rootSteps = session.rootSteps + 1
  const ownKemId = session.ownKemId + 1
  return {
    ...session,
    rootKey,
    rootSteps,
    own,
    sending: { chainKey, n: 0, epoch: rootSteps, ct: kem ? { ekId: kem.ekId, ciphertext: kem.ct } : null },
    pn: session.sending?.n ?? 0,
    // A peer's key is used once: whoever learns this state later cannot encapsulate to it again.
    peerKem: kem ? null : session.peerKem,
    ...(kem ? { sinceKem: 0, lastKemAt: algorithms.now() } : {}),
    ...(drawn ? { ownKem: { id: ownKemId, keyPair: drawn, attach: true }, ownKemId } : {}),
  }
}
