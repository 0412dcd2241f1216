import {
  type Algorithms,
  type DeviceRecord,
  decodeDeviceRecord,
  decodeLocalDevice,
  encodeLocalDevice,
  type LocalDevice,
  suiteDefault,
  supportedSuites,
} from '@qsm/protocol'
import { notLoggedIn } from '../http/tokens.js'
import { idToBytes } from '../ids.js'
import { keys } from '../store/keys.js'
import type { StoreTransaction } from '../store/store.js'

/** The own device of a store with its private keys. Throws `not_logged_in` where there is none. */
export const readDevice = async (transaction: StoreTransaction): Promise<LocalDevice> => {
  const bytes = await transaction.get(keys.device)
  if (!bytes) throw notLoggedIn()
  return decodeLocalDevice(bytes)
}

/** The record of the own device that was signed last. */
export const readOwnRecord = async (transaction: StoreTransaction): Promise<DeviceRecord> => {
  const bytes = await transaction.get(keys.deviceRecord)
  if (!bytes) throw notLoggedIn()
  return decodeDeviceRecord(bytes)
}

const drawDeviceId = (algorithms: Pick<Algorithms, 'randomBytes'>): number => {
  const bytes = algorithms.randomBytes(4)
  const id = new DataView(bytes.buffer, bytes.byteOffset, 4).getUint32(0)
  return id === 0 ? drawDeviceId(algorithms) : id
}

const drawDevice = async (algorithms: Algorithms, userId: string): Promise<LocalDevice> => ({
  user: idToBytes(userId),
  device: drawDeviceId(algorithms),
  suite: suiteDefault,
  suites: [...supportedSuites],
  managed: false,
  falcon: await algorithms.signer.generateKeyPair(),
  ecdsa: await algorithms.classical.generateP256(),
})

/** The own device; drawn and kept where there is none yet. */
export const ensureDevice = async (
  transaction: StoreTransaction,
  algorithms: Algorithms,
  userId: string,
): Promise<LocalDevice> => {
  const bytes = await transaction.get(keys.device)
  if (bytes) return decodeLocalDevice(bytes)
  const local = await drawDevice(algorithms, userId)
  transaction.put(keys.device, encodeLocalDevice(local))
  return local
}

/** Gives a device that the server has never taken another id; its keys stay. */
export const redrawDeviceId = async (transaction: StoreTransaction, algorithms: Algorithms): Promise<void> => {
  const local = await readDevice(transaction)
  transaction.put(keys.device, encodeLocalDevice({ ...local, device: drawDeviceId(algorithms) }))
}
