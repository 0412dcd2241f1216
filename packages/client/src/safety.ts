import { type Algorithms, fingerprint, safetyNumber } from '@qsm/protocol'
import { idToBytes } from './ids.js'
import { recordOf } from './peers.js'
import type { Peer } from './state.js'

const party = async (algorithms: Algorithms, peer: Peer) => ({
  user: idToBytes(peer.userId),
  fingerprints: await Promise.all(
    peer.devices.map(device => fingerprint(algorithms.classical, recordOf(device).identityKey)),
  ),
})

/** The safety number of two users over all devices that are known of them. */
export const safetyNumberWith = async (algorithms: Algorithms, own: Peer, peer: Peer): Promise<string> =>
  safetyNumber(algorithms.classical, await party(algorithms, own), await party(algorithms, peer))
