import type { HandshakeKeys, Mode } from '../handshake/key-schedule.js'
import type { KeyPair } from '../ports.js'
import type { Session } from './session.js'

interface Common {
  readonly keys: HandshakeKeys
  readonly suite: number
  readonly mode: Mode
  readonly now: number
}

const common = ({ keys, suite, mode, now }: Common) => ({
  sid: keys.sid,
  transcriptHash: keys.transcriptHash,
  suite,
  mode,
  rootKey: keys.rootKey,
  rootSteps: 0,
  pn: 0,
  skipped: [],
  sinceKem: 0,
  lastKemAt: now,
  seq: 1,
  unanswered: 0,
  firstUnansweredAt: 0,
})

/** The session of F, the side that encapsulated: it sends on CK_F. */
export const beginAsF = (
  options: Common & { readonly own: KeyPair; readonly ownKem: KeyPair; readonly prekeyBlock: Uint8Array | null },
): Session => ({
  ...common(options),
  isF: true,
  own: options.own,
  peerDh: null,
  sending: { chainKey: options.keys.chainKey, n: 0, epoch: 0, ct: null },
  receiving: [],
  ownKem: { id: 1, keyPair: options.ownKem, attach: false },
  ownKemId: 1,
  peerKem: null,
  peerKemId: options.mode === 2 ? 1 : 0,
  prekeyBlock: options.prekeyBlock,
})

/** The session of G: it receives on CK_F and holds F's first KEM key. In mode B its own ek_A counts as its first. */
export const beginAsG = (options: Common & { readonly peerDh: Uint8Array; readonly peerKem: Uint8Array }): Session => ({
  ...common(options),
  isF: false,
  own: null,
  peerDh: options.peerDh,
  sending: null,
  receiving: [{ dh: options.peerDh, epoch: 0, chainKey: options.keys.chainKey, n: 0, ct: null }],
  ownKem: null,
  ownKemId: options.mode === 2 ? 1 : 0,
  peerKem: { id: 1, publicKey: options.peerKem },
  peerKemId: 1,
  prekeyBlock: null,
})
