import type { Session } from './session.js'

/** When a turn takes a KEM step, and when a silent side should speak; a local matter, receivers take any. */
export interface RatchetPolicy {
  /** A KEM step is due after this many envelopes of both directions; 0 takes one at every turn. */
  readonly kemAfterEnvelopes: number
  readonly kemAfterMs: number
  readonly controlAfterEnvelopes: number
  readonly controlAfterMs: number
}

export const defaultPolicy: RatchetPolicy = Object.freeze({
  kemAfterEnvelopes: 20,
  kemAfterMs: 86_400_000,
  controlAfterEnvelopes: 100,
  controlAfterMs: 86_400_000,
})

export const isKemStepDue = (session: Session, policy: RatchetPolicy, now: number): boolean =>
  session.sinceKem >= policy.kemAfterEnvelopes || now - session.lastKemAt >= policy.kemAfterMs

/** Whether an empty control envelope should be sent, so that one-sided traffic does not hold the ratchet. */
export const isControlDue = (session: Session, policy: RatchetPolicy, now: number): boolean =>
  session.unanswered >= policy.controlAfterEnvelopes ||
  (session.unanswered > 0 && now - session.firstUnansweredAt >= policy.controlAfterMs)
