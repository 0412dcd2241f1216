import { keys } from './keys.js'
import type { StoreTransaction } from './store.js'
import { getJson, putJson } from './values.js'

/** The next `count` numbers of a counter, the first of them; the very first is 1. */
export const takeNumbers = async (transaction: StoreTransaction, name: string, count = 1): Promise<number> => {
  const next = ((await getJson<number>(transaction, keys.counter(name))) ?? 0) + 1
  putJson(transaction, keys.counter(name), next + count - 1)
  return next
}
