import { decodeBase64, encodeBase64 } from '@qsm/contract'
import {
  type Algorithms,
  decodeLocalDevice,
  type DeviceRecord,
  decodePrekeySecrets,
  encodeLocalDevice,
  encodePrekeySecrets,
  type LocalDevice,
  makeDeviceRecord,
  makePrekey,
  prekeyKinds,
  suiteDefault,
  supportedSuites,
} from '@qsm/protocol'
import type { Api } from './api.js'
import { QsmClientError } from './errors.js'
import { idToBytes } from './ids.js'
import { getJson, keys, nextNumber, putJson } from './state.js'
import type { Store, StoreTransaction } from './store.js'

const fullPrekeys = 100
const lowPrekeys = 50
const prekeyLifeMs = 30 * 86_400_000
const lastResortEveryMs = 7 * 86_400_000

/** The own device of stored keys. Throws where there is none. */
export const readDevice = async (transaction: StoreTransaction): Promise<LocalDevice> => {
  const bytes = await transaction.get(keys.device)
  if (!bytes) throw new QsmClientError('not_logged_in', 'There is no device here: log in first.')
  return decodeLocalDevice(bytes)
}

const drawDeviceId = (algorithms: Algorithms): number => {
  const [a = 0, b = 0, c = 0, d = 0] = algorithms.randomBytes(4)
  return ((a << 24) | (b << 16) | (c << 8) | d) >>> 0 || 1
}

const ensureDevice = (store: Store, algorithms: Algorithms, userId: string): Promise<LocalDevice> =>
  store.exclusive(async transaction => {
    const bytes = await transaction.get(keys.device)
    if (bytes) return decodeLocalDevice(bytes)
    const local: LocalDevice = {
      user: idToBytes(userId),
      device: drawDeviceId(algorithms),
      suite: suiteDefault,
      suites: [...supportedSuites],
      managed: false,
      falcon: await algorithms.signer.generateKeyPair(),
      ecdsa: await algorithms.classical.generateP256(),
    }
    transaction.put(keys.device, encodeLocalDevice(local))
    return local
  })

/** Makes the device where there is none, and shows the server a freshly signed record of it. */
export const presentDevice = async (store: Store, algorithms: Algorithms, api: Api, userId: string): Promise<DeviceRecord> => {
  const local = await ensureDevice(store, algorithms, userId)
  const record = await makeDeviceRecord(algorithms, local, { createdAt: algorithms.now(), expiresAt: 0 })
  await api.call('POST', '/api/devices', { device_record: encodeBase64(record.bytes) })
  await store.exclusive(async transaction => putJson(transaction, 'own-record', encodeBase64(record.bytes)))
  return record
}

/** The record that was last shown to the server, base64. */
export const ownRecordBytes = async (transaction: StoreTransaction): Promise<Uint8Array> => {
  const text = await getJson<string>(transaction, 'own-record')
  if (!text) throw new QsmClientError('not_logged_in', 'This device was not shown to the server yet: log in.')
  return decodeBase64(text)
}

const drawPrekeys = async (store: Store, algorithms: Algorithms, oneTime: number, withLastResort: boolean): Promise<string[]> =>
  store.exclusive(async transaction => {
    const local = await readDevice(transaction)
    const records: string[] = []
    const draw = async (kind: 1 | 2) => {
      const id = await nextNumber(transaction, 'prekey')
      const made = await makePrekey(algorithms, local, { id, kind, notAfter: algorithms.now() + prekeyLifeMs })
      transaction.put(keys.prekey(id), encodePrekeySecrets(made.secrets))
      records.push(encodeBase64(made.prekey.bytes))
    }
    for (let count = 0; count < oneTime; count += 1) await draw(prekeyKinds.oneTime)
    if (withLastResort) await draw(prekeyKinds.lastResort)
    if (withLastResort) putJson(transaction, 'last-resort-at', algorithms.now())
    return records
  })

const forgetOldPrekeys = (store: Store, now: number): Promise<void> =>
  store.exclusive(async transaction => {
    for (const [key, bytes] of await transaction.list(keys.prekeys)) {
      if (decodePrekeySecrets(bytes).notAfter <= now) transaction.delete(key)
    }
  })

/**
 * Keeps prekeys at the server: fills up below 50, renews the last-resort one weekly, erases what is over. The private
 * halves are stored before the public ones leave.
 */
export const refillPrekeys = async (store: Store, algorithms: Algorithms, api: Api, wanted: number = fullPrekeys): Promise<void> => {
  const device = await store.exclusive(readDevice)
  const path = `/api/devices/${device.device}/prekeys`
  const counts = await api.call<{ one_time: number; last_resort: number }>('GET', path)
  const now = algorithms.now()
  const renewedAt = (await store.exclusive(transaction => getJson<number>(transaction, 'last-resort-at'))) ?? 0
  const withLastResort = counts.last_resort === 0 || now - renewedAt >= lastResortEveryMs
  const missing = counts.one_time < Math.min(lowPrekeys, wanted) ? wanted - counts.one_time : 0
  if (missing === 0 && !withLastResort) return
  await forgetOldPrekeys(store, now)
  const prekeys = await drawPrekeys(store, algorithms, missing, withLastResort)
  await api.call('PUT', path, { prekeys })
}
