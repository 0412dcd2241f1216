import { canSend, decodePeer, encodePeer, newPeer, type PeerState, tidyPeer, wipePeer } from '@qsm/protocol'
import { keys } from '../store/keys.js'
import type { StoreTransaction } from '../store/store.js'
import type { Address } from './address.js'
import { deviceOf, readPeer, recordOf } from './peer.js'

/**
 * The sessions with a device. Where none was kept yet, a state without sessions that is pinned to the record in the
 * directory; null where the device is not known.
 */
export const readState = async (transaction: StoreTransaction, address: Address): Promise<PeerState | null> => {
  const bytes = await transaction.get(keys.sessions(address.userId, address.deviceId))
  if (bytes) {
    const state = decodePeer(bytes)
    bytes.fill(0)
    return state
  }
  const device = deviceOf(await readPeer(transaction, address.userId), address.deviceId)
  return device && newPeer(recordOf(device))
}

/** Keeps the next state in the place of `old`, whose secrets are overwritten in memory. */
export const putState = (
  transaction: StoreTransaction,
  { userId, deviceId }: Address,
  next: PeerState,
  old: PeerState | null,
): void => {
  transaction.put(keys.sessions(userId, deviceId), encodePeer(next))
  if (old) wipePeer(old, null)
  wipePeer(next, null)
}

/** Whether there is a session on which can be sent. */
export const canSendTo = async (transaction: StoreTransaction, address: Address): Promise<boolean> => {
  const state = await readState(transaction, address)
  if (!state) return false
  const can = canSend(state)
  wipePeer(state, null)
  return can
}

/** Drops all sessions with a device, whose identity key has changed. */
export const dropState = (transaction: StoreTransaction, { userId, deviceId }: Address): void =>
  transaction.delete(keys.sessions(userId, deviceId))

/** Drops what is too old to keep, over all devices. */
export const tidyStates = async (transaction: StoreTransaction, now: number): Promise<void> => {
  for (const [key, bytes] of await transaction.list(keys.sessionsOfAll)) {
    const state = decodePeer(bytes)
    const tidied = tidyPeer(state, now)
    if (tidied !== state) transaction.put(key, encodePeer(tidied))
    wipePeer(state, null)
    wipePeer(tidied, null)
  }
}
