import { QsmClientError } from '../errors.js'
import { keys } from '../store/keys.js'
import type { StoreTransaction } from '../store/store.js'
import { getJson } from '../store/values.js'

/** Whose device a store is. */
export interface StoredAccount {
  readonly url: string
  readonly username: string
  readonly userId: string
}

export const readAccount = (transaction: StoreTransaction): Promise<StoredAccount | null> =>
  getJson<StoredAccount>(transaction, keys.account)

/** Refuses a login of another account, which would mix two people's keys. */
export const checkBelongs = (stored: StoredAccount | null, account: StoredAccount): void => {
  if (!stored || (stored.userId === account.userId && stored.url === account.url)) return
  throw new QsmClientError(
    'store_in_use',
    `This store belongs to ${stored.username} at ${stored.url}. Use another one for ${account.username} at ${account.url}.`,
  )
}
