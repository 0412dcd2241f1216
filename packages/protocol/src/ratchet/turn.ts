import { refused } from '../errors.js'
import type { Algorithms } from '../ports.js'
import { isKemStepDue, type RatchetPolicy } from './policy.js'
import { rootStep } from './root-step.js'
import { newestReceiving, type Session } from './session.js'

/** Whether this side has received a chain newer than its own sending chain (G at the start). */
export const turnIsDue = (session: Session): boolean => {
  const newest = newestReceiving(session)
  return newest !== null && (session.sending === null || newest.epoch > session.sending.epoch)
}

const encapsulateWhereDue = async (algorithms: Algorithms, session: Session, policy: RatchetPolicy) => {
  if (!session.peerKem || !isKemStepDue(session, policy, algorithms.now())) return null
  const { ciphertext, sharedSecret } = await algorithms.kem.encapsulate(session.peerKem.publicKey)
  return { ss: sharedSecret, ek: session.peerKem.publicKey, ct: ciphertext, ekId: session.peerKem.id }
}

/** The sending half of the ratchet, put off until there is something to send. Draws in order: P-256, KEM, new ek. */
export const takeTurn = async (algorithms: Algorithms, session: Session, policy: RatchetPolicy): Promise<Session> => {
  if (!session.peerDh) throw refused('there is nobody to turn to')
  const { classical } = algorithms
  const own = await classical.generateP256()
  const kem = await encapsulateWhereDue(algorithms, session, policy)
  const ecdh = await classical.ecdh(own, session.peerDh)
  const { rootKey, chainKey } = await rootStep(classical, {
    rootKey: session.rootKey,
    sid: session.sid,
    senderDh: own.publicKey,
    receiverDh: session.peerDh,
    ecdh,
    kem,
  })
  const drawn = session.ownKem ? null : await algorithms.kem.generateKeyPair()
  const rootSteps = session.rootSteps + 1
  return {
    ...session,
    rootKey,
    rootSteps,
    own,
    sending: { chainKey, n: 0, epoch: rootSteps, ct: kem ? { ekId: kem.ekId, ciphertext: kem.ct } : null },
    pn: session.sending?.n ?? 0,
    peerKem: kem ? null : session.peerKem,
    ...(kem ? { sinceKem: 0, lastKemAt: algorithms.now() } : {}),
    ...(drawn
      ? { ownKem: { id: session.ownKemId + 1, keyPair: drawn, attach: true }, ownKemId: session.ownKemId + 1 }
      : {}),
  }
}
