import { takeNumbers } from '../store/counter.js'
import { keys } from '../store/keys.js'
import type { Store, StoreTransaction } from '../store/store.js'
import { putJson, readJson } from '../store/values.js'
import type { Message, StoredMessage } from './message.js'

/** Keeps a message until the application is done with it. */
export const putIncoming = async (transaction: StoreTransaction, message: StoredMessage): Promise<void> =>
  putJson(transaction, keys.incoming(await takeNumbers(transaction, 'inbox')), message)

/** Messages that the application is not done with. */
export interface Inbox {
  /** The oldest one behind those keys that were handed out already, or null. */
  next(handedOut: ReadonlySet<string>): Promise<{ readonly key: string; readonly message: Message } | null>
}

export const createInbox = (store: Store): Inbox => {
  const remove = (key: string) => store.exclusive(async transaction => transaction.delete(key))
  return {
    next: handedOut =>
      store.exclusive(async transaction => {
        const key = (await transaction.keys(keys.inbox)).find(candidate => !handedOut.has(candidate))
        const bytes = key === undefined ? null : await transaction.get(key)
        if (key === undefined || !bytes) return null
        return { key, message: { ...readJson<StoredMessage>(key, bytes), done: () => remove(key) } }
      }),
  }
}
