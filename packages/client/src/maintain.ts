import type { Algorithms } from '@qsm/protocol'
import { erasePrekeys, refillPrekeys } from './device/prekeys.js'
import type { Api } from './http/api.js'
import { idTime } from './ids.js'
import { tidyStates } from './peers/peer-states.js'
import { forgetOldMarks } from './receive/seen.js'
import { keys } from './store/keys.js'
import type { Store } from './store/store.js'
import { getJson, putJson } from './store/values.js'

const everyMs = 6 * 3_600_000
const dayMs = 86_400_000

/** Ids within keys are UUIDv7, which begin with their time. */
const forgetOld = async (store: Store, prefix: string, olderThanMs: number, now: number): Promise<void> =>
  store.exclusive(async transaction => {
    for (const key of await transaction.keys(prefix)) {
      if (idTime(key.slice(prefix.length)) < now - olderThanMs) transaction.delete(key)
    }
  })

/**
 * What has to be done now and then, over all clients of a store: prekeys refilled and erased, old sessions, keys and marks
 * dropped. To be called when the backlog was read: it may hold envelopes that need what is erased.
 */
export const maintain = async (options: {
  readonly store: Store
  readonly algorithms: Algorithms
  readonly api: Api
  readonly prekeys: number | undefined
}): Promise<void> => {
  const { store, algorithms, api } = options
  const now = algorithms.now()
  const last = await store.exclusive(transaction => getJson<number>(transaction, keys.maintainedAt))
  if (last !== null && now - last < everyMs && now >= last) return
  await refillPrekeys(store, algorithms, api, options.prekeys)
  await erasePrekeys(store, now)
  await store.exclusive(transaction => tidyStates(transaction, now))
  await forgetOldMarks(store, now)
  await forgetOld(store, keys.outcomes, dayMs, now)
  await forgetOld(store, keys.answers, 15 * dayMs, now)
  await forgetOld(store, keys.criticalAll, 45 * dayMs, now)
  await store.exclusive(async transaction => putJson(transaction, keys.maintainedAt, now))
}
