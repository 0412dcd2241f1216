import { keys } from '../store/keys.js'
import type { Store, StoreTransaction } from '../store/store.js'
import { decodeRecord, encodeRecord } from '../store/values.js'
import type { Delivered } from './delivered.js'

/** An envelope that could not be opened: kept aside, so that nothing is lost silently. */
export interface Quarantined {
  readonly epoch: number
  readonly sequence: number
  readonly reason: string
  readonly receivedAt: number
}

const maxKept = 1_000
const none = new Uint8Array(0)

export const putQuarantined = async (
  transaction: StoreTransaction,
  epoch: number,
  { sequence, receivedAt, envelope, body }: Delivered,
  reason: string,
): Promise<void> => {
  const head: Quarantined = { epoch, sequence, reason, receivedAt }
  transaction.put(keys.quarantine(epoch, sequence), encodeRecord(head, [envelope, body ?? none]))
  const kept = await transaction.keys(keys.quarantines)
  for (const key of kept.slice(0, -maxKept)) transaction.delete(key)
}

/** What stands in quarantine, without the envelopes. */
export const listQuarantined = (store: Store): Promise<readonly Quarantined[]> =>
  store.exclusive(async transaction =>
    (await transaction.list(keys.quarantines)).map(([key, bytes]) => decodeRecord<Quarantined>(key, bytes).head),
  )

export const clearQuarantine = (store: Store): Promise<void> =>
  store.exclusive(async transaction => {
    for (const key of await transaction.keys(keys.quarantines)) transaction.delete(key)
  })
