import { limits } from '@qsm/contract'
import { QsmError } from '@qsm/server-kit'
import type { Connection } from '../connections/pair.js'
import type { DeviceAddress } from '../devices/devices.js'
import type { SendFacts, StartedConnection } from './load-facts.js'
import type { Parcel, SendRequest } from './send-job.js'

/** How a send stands to one of its recipients: `open`, or what has to be kept beside the insert. */
export interface Standing {
  readonly peerId: string
  readonly kind: 'open' | 'started-by-sender' | 'answers'
}

const judgeConnection = (connection: Connection | null, senderId: string): Standing['kind'] => {
  if (connection?.blockedByMe || connection?.blockedByPeer) throw new QsmError('blocked')
  if (connection?.state === 'open') return 'open'
  if (connection?.state === 'started') return connection.initiator === senderId ? 'started-by-sender' : 'answers'
  throw new QsmError('not_connected')
}

/** Whoever started a connection has 20 envelopes for each device; the insert counts them once more, under a lock. */
const checkStarted = ({ used }: StartedConnection, parcels: readonly Parcel[]): void => {
  const isOver = parcels.some(({ deviceId }) => (used.get(deviceId) ?? 0) >= limits.startedEnvelopesPerDevice)
  if (isOver) throw new QsmError('not_answered')
}

/** The connections of a send, each open or started. Throws `blocked`, `not_connected` or `not_answered`. */
export const checkConnections = (
  { connections }: SendFacts,
  senderId: string,
  parcels: readonly Parcel[],
): readonly Standing[] =>
  [...connections].map(([peerId, connection]) => {
    const kind = judgeConnection(connection, senderId)
    if (kind === 'started-by-sender' && connection) {
      checkStarted(
        connection,
        parcels.filter(({ userId }) => userId === peerId),
      )
    }
    return { peerId, kind }
  })

/** The sender's own record must not have expired, nor its device been removed a moment ago. */
export const checkSendingDevice = ({ devices }: Pick<SendFacts, 'devices'>, sender: DeviceAddress): void => {
  if (devices.get(sender.userId)?.includes(sender.deviceId)) return
  const text = 'The record of this device has expired, or it was removed: POST /api/devices with a freshly signed one.'
  throw new QsmError('device_required', text)
}

/**
 * A message goes once to every active device of its recipients and to the sender's other devices, and to no other. What a
 * managed device says only to those with a session may leave some out.
 */
export const checkDevices = (
  devices: SendFacts['devices'],
  { sender, managed }: Pick<SendRequest, 'sender' | 'managed'>,
  parcels: readonly Parcel[],
): void => {
  const name = ({ userId, deviceId }: DeviceAddress) => `${userId}/${deviceId}`
  const wanted = new Map<string, DeviceAddress>()
  for (const [userId, deviceIds] of devices) {
    for (const deviceId of deviceIds) wanted.set(name({ userId, deviceId }), { userId, deviceId })
  }
  wanted.delete(name(sender))
  const extra: DeviceAddress[] = []
  // What was wanted is no longer wanted a second time.
  for (const parcel of parcels) if (!wanted.delete(name(parcel))) extra.push(parcel)
  if (managed?.isToSome) wanted.clear()
  if (wanted.size === 0 && extra.length === 0) return
  const shown = ({ userId, deviceId }: DeviceAddress) => ({ user_id: userId, device_id: deviceId })
  const details = { missing: [...wanted.values()].map(shown), extra: extra.map(shown) }
  throw new QsmError('device_mismatch', undefined, { details })
}
