import { decodeEntries, encodeEntries, type SessionEntry, wipeReplaced } from '@qsm/protocol'
import { keys } from './state.js'
import type { StoreTransaction } from './store.js'

/** The sessions with one device of a peer. */
export const readSessions = async (transaction: StoreTransaction, userId: string, deviceId: number): Promise<readonly SessionEntry[]> => {
  const bytes = await transaction.get(keys.sessions(userId, deviceId))
  return bytes ? decodeEntries(bytes) : []
}

export const writeSessions = (transaction: StoreTransaction, userId: string, deviceId: number, entries: readonly SessionEntry[]): void =>
  transaction.put(keys.sessions(userId, deviceId), encodeEntries(entries))

/** Overwrites in memory what sessions held; their stored form is kept. */
export const wipeSessions = (entries: readonly SessionEntry[]): void => {
  for (const { session } of entries) wipeReplaced(session, null)
}
