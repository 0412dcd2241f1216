import type { Query } from '@qsm/server-kit'
import type { Address } from '../parts.js'
import {
  findPeers,
  findSealings,
  findWaiting,
  type PeerChange,
  type StoredPeer,
  storePeers,
  storeSealings,
} from './statements.js'

/** What sealing reads and writes of one user's device, within a transaction that has locked it. */
export interface DeviceTables {
  /** The stored states of some devices; none for those that are not known. */
  findPeers(addresses: readonly Address[]): Promise<readonly StoredPeer[]>
  /** Throws where somebody else has changed one meanwhile. */
  storePeers(changes: readonly PeerChange[]): Promise<void>
  /** Whether a request to this user waits for its answer at `now`, in milliseconds since 1970. */
  isWaitingFor(toUser: string, now: number): Promise<boolean>
  /** The sealing that was kept under an id after that time; null where there is none. */
  findSealing(clientMessageId: string, after: number): Promise<Uint8Array | null>
  /** Keeps a sealing under its id; a later one takes its place. */
  storeSealing(clientMessageId: string, sealed: Uint8Array, createdAt: number): Promise<void>
}

/** Each by a statement of its own, at once. */
export const createDeviceTables = (query: Query, userId: string): DeviceTables => ({
  async findPeers(addresses) {
    return findPeers(
      query,
      addresses.map(address => ({ userId, address })),
    )
  },
  async storePeers(changes) {
    await storePeers(
      query,
      changes.map(change => ({ userId, change })),
    )
  },
  async isWaitingFor(toUser, now) {
    const [waits = false] = await findWaiting(query, [{ userId, toUser, now }])
    return waits
  },
  async findSealing(clientMessageId, after) {
    const [sealed = null] = await findSealings(query, [{ userId, clientMessageId, after }])
    return sealed
  },
  async storeSealing(clientMessageId, sealed, createdAt) {
    await storeSealings(query, [{ userId, clientMessageId, sealed, createdAt }])
  },
})
