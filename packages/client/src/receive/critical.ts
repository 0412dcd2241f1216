import type { Address } from '../peers/address.js'
import { keys } from '../store/keys.js'
import type { StoreTransaction } from '../store/store.js'

/** Messages that their sender has called critical; each mark goes with the message that follows it. */
export const markCritical = (transaction: StoreTransaction, { userId, deviceId }: Address, messageId: string): void =>
  transaction.put(keys.critical(messageId, userId, deviceId), new Uint8Array([1]))

/** Whether a message was called critical; the mark is gone after. */
export const takeCritical = async (
  transaction: StoreTransaction,
  { userId, deviceId }: Address,
  messageId: string,
): Promise<boolean> => {
  const key = keys.critical(messageId, userId, deviceId)
  if (!(await transaction.get(key))) return false
  transaction.delete(key)
  return true
}
