import { decodeBase64, type InputOf, type sealMessage } from '@qsm/contract'
import { canSend, decodeBundle, startSession } from '@qsm/protocol'
import { idToBytes, QsmError } from '@qsm/server-kit'
import type { DeviceScope } from '../device/device-scope.js'
import { byAddress, type Listed, listedDevices, stateOfListed } from '../listed-devices.js'
import { type Address, addressKey } from '../parts.js'
import { judged } from '../refuse-record.js'

type SealInput = InputOf<typeof sealMessage>

export interface Target extends Listed {
  readonly isOwn: boolean
}

const refuse = (text: string): QsmError =>
  new QsmError('validation_failed', `devices: ${text}`, { details: { field: 'devices' } })

/** The devices that a send goes to: each of the receiver and the own other ones, once. */
export const targetsOf = (scope: DeviceScope, { to_user_id, devices }: SealInput): readonly Target[] => {
  if (to_user_id === scope.userId) {
    const field = 'to_user_id'
    throw new QsmError('validation_failed', `${field}: nothing is sealed to oneself`, { details: { field } })
  }
  const listed = [...byAddress(listedDevices(devices)).values()]
  if (listed.some(({ userId }) => userId !== to_user_id && userId !== scope.userId)) {
    throw refuse('only those of the receiver and of the caller')
  }
  const isThis = ({ userId, deviceId }: Address) => userId === scope.userId && deviceId === scope.row.deviceId
  const targets = listed
    .filter(device => !isThis(device))
    .map(device => ({ ...device, isOwn: device.userId === scope.userId }))
  if (targets.every(({ isOwn }) => isOwn)) throw refuse('none of the receiver is among them')
  return targets
}

/**
 * Begins sessions by bundles with those targets that have none. Returns those that are still without. Throws
 * `record_refused` for a record or bundle that does not hold, or shows another key than the pinned one.
 */
export const beginSessions = async (
  scope: DeviceScope,
  targets: readonly Target[],
  bundles: SealInput['bundles'],
): Promise<readonly Target[]> => {
  const offered = new Map(
    bundles.map(({ user_id: userId, device_id: deviceId, bundle }) => [addressKey({ userId, deviceId }), bundle]),
  )
  const missing: Target[] = []
  for (const target of targets) {
    const peer = await judged('devices', () => stateOfListed(scope, target))
    if (canSend(peer)) continue
    const bundle = offered.get(addressKey(target))
    if (bundle === undefined) {
      missing.push(target)
      continue
    }
    const begun = await judged('bundles', () =>
      startSession(scope.algorithms, scope.local, scope.record, {
        peer,
        user: idToBytes(target.userId),
        device: target.deviceId,
        bundle: decodeBundle(decodeBase64(bundle)),
      }),
    )
    scope.peers.put(begun)
  }
  return missing
}
