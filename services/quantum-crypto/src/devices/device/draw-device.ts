import {
  type Algorithms,
  type DeviceRecord,
  encodeLocalDevice,
  type LocalDevice,
  makeDeviceRecord,
  suiteDefault,
  supportedSuites,
  wipe,
} from '@qsm/protocol'
import { idToBytes, newId } from '@qsm/server-kit'
import { createDataKey } from '../../at-rest/data-key.js'
import type { DeviceParts } from '../parts.js'
import { type DeviceRow, deviceKeyOwner, keysPlace } from './device-row.js'

const drawId = (algorithms: Pick<Algorithms, 'randomBytes'>, unusable: ReadonlySet<number>): number => {
  const bytes = algorithms.randomBytes(4)
  const id = new DataView(bytes.buffer, bytes.byteOffset, 4).getUint32(0)
  return id === 0 || unusable.has(id) ? drawId(algorithms, unusable) : id
}

/** A freshly signed record of a managed device, newer than the one before. */
export const signRecord = (
  algorithms: Algorithms,
  local: LocalDevice,
  before: DeviceRecord | null,
): Promise<DeviceRecord> => {
  const createdAt = Math.max(algorithms.now(), before ? before.createdAt + 1 : 0)
  return makeDeviceRecord(algorithms, local, { createdAt, expiresAt: 0 })
}

/** Draws the keys of a managed device, with a data key of its own, as the row to be stored. */
export const drawDevice = async (
  { algorithms, kek }: Pick<DeviceParts, 'algorithms' | 'kek'>,
  userId: string,
  unusable: ReadonlySet<number>,
): Promise<DeviceRow> => {
  const local: LocalDevice = {
    user: idToBytes(userId),
    device: drawId(algorithms, unusable),
    suite: suiteDefault,
    suites: [...supportedSuites],
    managed: true,
    falcon: await algorithms.signer.generateKeyPair(),
    ecdsa: await algorithms.classical.generateP256(),
  }
  const named = { userId, deviceId: local.device, keyId: newId() }
  const { dataKey, stored } = await createDataKey(kek, deviceKeyOwner(named))
  const bytes = encodeLocalDevice(local)
  try {
    const record = await signRecord(algorithms, local, null)
    const keys = dataKey.seal(keysPlace(named), bytes)
    return { ...named, dataKey: stored, keys, record: record.bytes, nextPrekeyId: 1, mailboxEpoch: 0, openedUpTo: 0 }
  } finally {
    wipe(bytes, local.falcon.secretKey, local.ecdsa.secretKey)
    dataKey.wipe()
  }
}
