import { type Algorithms, fingerprint, safetyNumber } from '@qsm/protocol'
import { idToBytes } from '../ids.js'
import { type Peer, shownIdentityKeys } from './peer.js'

const party = async ({ classical }: Algorithms, peer: Peer) => ({
  user: idToBytes(peer.userId),
  fingerprints: await Promise.all(shownIdentityKeys(peer).map(identityKey => fingerprint(classical, identityKey))),
})

/** The 60 digits over all active devices of both users, also over those that nobody accepted yet. */
export const safetyNumberOf = async (algorithms: Algorithms, own: Peer, peer: Peer): Promise<string> =>
  safetyNumber(algorithms.classical, await party(algorithms, own), await party(algorithms, peer))
