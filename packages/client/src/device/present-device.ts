import { encodeBase64, registerDevice } from '@qsm/contract'
import { type Algorithms, decodeDeviceRecord, makeDeviceRecord } from '@qsm/protocol'
import { hasCode, QsmClientError } from '../errors.js'
import type { Api } from '../http/api.js'
import { keys } from '../store/keys.js'
import type { Store } from '../store/store.js'
import { ensureDevice, redrawDeviceId } from './own-device.js'

const maxClashes = 5

const removed = (cause: unknown): QsmClientError =>
  new QsmClientError(
    'device_removed',
    'This device was removed from the account. Log in with an empty store (qsm: another --home) to register a new device.',
    { cause },
  )

/** Signs a record that is newer than every one before it. */
const signRecord = (store: Store, algorithms: Algorithms, userId: string) =>
  store.exclusive(async transaction => {
    const local = await ensureDevice(transaction, algorithms, userId)
    const before = await transaction.get(keys.deviceRecord)
    const createdAt = Math.max(algorithms.now(), before ? decodeDeviceRecord(before).createdAt + 1 : 0)
    return { record: await makeDeviceRecord(algorithms, local, { createdAt, expiresAt: 0 }), isKnown: before !== null }
  })

/**
 * Shows the server a freshly signed record of the own device, made where there is none: proof of its key, and what binds
 * the login session to it (docs/protocol.md section 3). Throws `device_removed`.
 */
export const presentDevice = async (store: Store, algorithms: Algorithms, api: Api, userId: string): Promise<void> => {
  for (let clashes = 0; ; clashes += 1) {
    const { record, isKnown } = await signRecord(store, algorithms, userId)
    try {
      await api.call(registerDevice, { body: { device_record: encodeBase64(record.bytes) } })
      await store.exclusive(async transaction => transaction.put(keys.deviceRecord, record.bytes))
      return
    } catch (error) {
      if (!hasCode(error, 'device_id_taken')) throw error
      if (isKnown) throw removed(error)
      if (clashes === maxClashes) throw error
      await store.exclusive(transaction => redrawDeviceId(transaction, algorithms))
    }
  }
}
