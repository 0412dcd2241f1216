import { keys } from '../store/keys.js'
import type { StoreTransaction } from '../store/store.js'
import { getJson, putJson } from '../store/values.js'

/** How far the mailbox was read. A mailbox of another epoch counts anew. */
export interface Cursor {
  readonly epoch: number
  /** Everything up to here was opened and kept. */
  readonly sequence: number
}

export const readCursor = async (transaction: StoreTransaction): Promise<Cursor> =>
  (await getJson<Cursor>(transaction, keys.cursor)) ?? { epoch: 0, sequence: 0 }

export const putCursor = (transaction: StoreTransaction, cursor: Cursor): void =>
  putJson(transaction, keys.cursor, cursor)
