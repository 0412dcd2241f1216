import { equalBytes } from '@qsm/protocol'
import type { Address } from '../peers/address.js'
import { keys } from '../store/keys.js'
import type { Store, StoreTransaction } from '../store/store.js'

/**
 * Which messages were shown: a (sender, msgId) is shown once, also where its sender sealed it again under the same id
 * because no answer came. The ids of one sender and hour stand together; the time is that within the id.
 */
const hourMs = 3_600_000
const keepMs = 45 * 86_400_000
const idBytes = 16

const timeOf = (msgId: Uint8Array): number => msgId.subarray(0, 6).reduce((sum, byte) => sum * 256 + byte, 0)

const keyOf = ({ userId, deviceId }: Address, msgId: Uint8Array): string =>
  `${keys.seenAll}${Math.floor(timeOf(msgId) / hourMs)}/${userId}/${deviceId}`

const includes = (ids: Uint8Array, msgId: Uint8Array): boolean => {
  for (let at = 0; at < ids.length; at += idBytes) if (equalBytes(ids.subarray(at, at + idBytes), msgId)) return true
  return false
}

export const wasSeen = async (transaction: StoreTransaction, sender: Address, msgId: Uint8Array): Promise<boolean> =>
  includes((await transaction.get(keyOf(sender, msgId))) ?? new Uint8Array(0), msgId)

export const markSeen = async (transaction: StoreTransaction, sender: Address, msgId: Uint8Array): Promise<void> => {
  const key = keyOf(sender, msgId)
  const ids = (await transaction.get(key)) ?? new Uint8Array(0)
  const more = new Uint8Array(ids.length + idBytes)
  more.set(ids)
  more.set(msgId, ids.length)
  transaction.put(key, more)
}

/** Forgets marks of 45 days ago: longer than a server keeps mail, and than a client repeats. */
export const forgetOldMarks = (store: Store, now: number): Promise<void> =>
  store.exclusive(async transaction => {
    for (const key of await transaction.keys(keys.seenAll)) {
      const hour = Number(key.slice(keys.seenAll.length).split('/')[0])
      if (hour * hourMs < now - keepMs) transaction.delete(key)
    }
  })
