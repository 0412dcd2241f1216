import type { CtBlock, EkBlock } from '../envelope/parse.js'
import type { Mode } from '../handshake/key-schedule.js'
import type { KeyPair } from '../ports.js'
import { dayMs } from '../records/times.js'

/** An outstanding own ML-KEM key of the ratchet: at most one a side. */
export interface OutstandingKem {
  readonly id: number
  readonly keyPair: KeyPair
  /** Attached to every envelope until the peer has named it in `ekAck`. */
  readonly attach: boolean
}

export interface SendingChain {
  readonly chainKey: Uint8Array
  /** Number of the next envelope. */
  readonly n: number
  readonly epoch: number
  /** Attached to every envelope of a chain that began with a KEM step. */
  readonly ct: CtBlock | null
}

export interface ReceivingChain {
  readonly dh: Uint8Array
  readonly epoch: number
  /** Null once a newer chain has begun: only stored skipped keys open its envelopes. */
  readonly chainKey: Uint8Array | null
  /** Number of the next envelope. */
  readonly n: number
  readonly ct: CtBlock | null
}

/** The key of an envelope that has not come yet. */
export interface SkippedKey {
  readonly epoch: number
  readonly n: number
  readonly messageKey: Uint8Array
  readonly storedAt: number
}

/**
 * One side of a session between two devices (docs/protocol.md section 5). A value is never changed: each step gives a new
 * one, which shares with the old what it did not change. Once the new one is stored, `wipeReplaced` erases the rest.
 */
export interface Session {
  /** 16 bytes. */
  readonly sid: Uint8Array
  /** TH, 32 bytes. */
  readonly transcriptHash: Uint8Array
  readonly suite: number
  readonly mode: Mode
  /** Whether this side encapsulated in the handshake (F). */
  readonly isF: boolean
  readonly rootKey: Uint8Array
  /** Root steps so far, over both sides. */
  readonly rootSteps: number
  readonly own: KeyPair | null
  readonly peerDh: Uint8Array | null
  readonly sending: SendingChain | null
  /** Length of the own chain before. */
  readonly pn: number
  /** Oldest first, at most five. */
  readonly receiving: readonly ReceivingChain[]
  /** Oldest first, at most 2 000. */
  readonly skipped: readonly SkippedKey[]
  readonly ownKem: OutstandingKem | null
  /** The highest ekId that this side has put into the session. */
  readonly ownKemId: number
  /** The peer's key that was not used yet. */
  readonly peerKem: EkBlock | null
  /** `ekAck`: the highest ekId received, 0 none. */
  readonly peerKemId: number
  /** Envelopes sent or opened since the last root step with KEM, and when that was. */
  readonly sinceKem: number
  readonly lastKemAt: number
  /** Number of the next envelope of this side in the session. */
  readonly seq: number
  /** The prekey block of mode A, on every envelope of F until it has opened one. */
  readonly prekeyBlock: Uint8Array | null
  /** Envelopes opened (kind 0 not counted) since this side last sent, and when the first of them came. */
  readonly unanswered: number
  readonly firstUnansweredAt: number
}

/** Limits of docs/protocol.md section 5. */
export const bounds = Object.freeze({
  skippedPerChain: 1_000,
  skippedPerSession: 2_000,
  receivingChains: 5,
  skippedLifeMs: 14 * dayMs,
})

/** The newest receiving chain, or null. */
export const newestReceiving = (session: Session): ReceivingChain | null => session.receiving.at(-1) ?? null

/** Every secret byte array of a session, for erasing and for tests that look for residue. */
export const secretsOf = (session: Session): readonly Uint8Array[] => [
  session.rootKey,
  ...(session.own ? [session.own.secretKey] : []),
  ...(session.ownKem ? [session.ownKem.keyPair.secretKey] : []),
  ...(session.sending ? [session.sending.chainKey] : []),
  ...session.receiving.flatMap(chain => (chain.chainKey ? [chain.chainKey] : [])),
  ...session.skipped.map(skipped => skipped.messageKey),
]

/** Overwrites the secrets of `old` that `kept` does not hold. To be called once `kept` is stored. */
export const wipeReplaced = (old: Session, kept: Session | null): void => {
  const still = new Set(kept ? secretsOf(kept) : [])
  for (const secret of secretsOf(old)) if (!still.has(secret)) secret.fill(0)
}
