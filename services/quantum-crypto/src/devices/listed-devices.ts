import { decodeBase64, type ListedDevice } from '@qsm/contract'
import {
  acceptDeviceRecord,
  type DeviceRecord,
  decodeDeviceRecord,
  equalBytes,
  newPeer,
  type PeerState,
} from '@qsm/protocol'
import { idToBytes, QsmError } from '@qsm/server-kit'
import type { DeviceScope } from './device/device-scope.js'
import { type Address, addressKey } from './parts.js'

/** A device as the message service lists it. */
export interface Listed extends Address {
  readonly record: string
}

export const listedDevices = (devices: readonly ListedDevice[]): readonly Listed[] =>
  devices.map(({ user_id, device_id, record }) => ({ userId: user_id, deviceId: device_id, record }))

export const byAddress = (devices: readonly Listed[]): ReadonlyMap<string, Listed> =>
  new Map(devices.map(device => [addressKey(device), device]))

/** A listed record that was verified. Throws `ProtocolError`. */
export const acceptListed = async (scope: DeviceScope, { userId, deviceId, record }: Listed): Promise<DeviceRecord> => {
  const decoded = decodeDeviceRecord(decodeBase64(record))
  await acceptDeviceRecord(scope.algorithms, decoded, { user: idToBytes(userId), device: deviceId })
  return decoded
}

/**
 * What is known of a listed device: its state, or one without sessions that pins what is listed now (a thin client cannot
 * compare safety numbers). Throws `record_refused` where it shows another identity key than the pinned one.
 */
export const stateOfListed = async (scope: DeviceScope, device: Listed): Promise<PeerState> => {
  const known = await scope.peers.get(device)
  if (!known) return newPeer(await acceptListed(scope, device))
  const listed = decodeDeviceRecord(decodeBase64(device.record))
  if (equalBytes(listed.identityKey, known.record.identityKey)) return known
  throw new QsmError('record_refused', `devices: device ${device.deviceId} shows another identity key than before.`, {
    details: { field: 'devices' },
  })
}
