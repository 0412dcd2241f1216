import { usage } from '../errors.js'
import type { LocalDevice } from '../identity.js'
import type { Algorithms } from '../ports.js'
import { encrypt, type Outgoing } from '../ratchet/encrypt.js'
import { defaultPolicy, type RatchetPolicy } from '../ratchet/policy.js'
import { advancePeer, type PeerState } from './peer-state.js'
import { replaceEntry, sendingEntry } from './session-choice.js'

/** An envelope, and the state that must be stored before it leaves. */
export interface SealedForPeer {
  readonly peer: PeerState
  readonly envelope: Uint8Array
}

/**
 * Seals and signs one envelope for a device of a peer, on the session in use. Throws `usage` where there is none (see
 * `canSend`), and for a content that does not fit.
 */
export const sealTo = async (
  algorithms: Algorithms,
  local: LocalDevice,
  peer: PeerState,
  outgoing: Outgoing,
  policy: RatchetPolicy = defaultPolicy,
): Promise<SealedForPeer> => {
  const entry = sendingEntry(peer.entries)
  if (!entry) throw usage('there is no session with this device: begin one by a prekey or a request')
  const { session, envelope } = await encrypt(algorithms, local, peer.record, entry.session, outgoing, policy)
  return { peer: advancePeer(peer, { entries: replaceEntry(peer.entries, { ...entry, session }) }), envelope }
}
