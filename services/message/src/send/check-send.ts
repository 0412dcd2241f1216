import { limits } from '@qsm/contract'
import { agreesWithRecord, checkEnvelopeKeys, type DeviceRecord, hasSignatureForm, verifyEnvelope } from '@qsm/protocol'
import { idFromBytes, QsmError } from '@qsm/server-kit'
import type { Connection } from '../connections/pair.js'
import type { Verifier } from '../context.js'
import type { SendContextLoader } from './load-context.js'
import { envelopeRefused, type Parcel, type SendRequest } from './send-job.js'

/** Every envelope names this device as its sender, this send as its message, and no target twice. */
export const checkSender = (request: SendRequest, parcels: readonly Parcel[]): void => {
  const targets = new Set<string>()
  for (const [index, { envelope, userId, deviceId }] of parcels.entries()) {
    const field = `envelopes[${index}]`
    const { header } = envelope
    if (idFromBytes(header.senderUser) !== request.sender.userId || header.senderDevice !== request.sender.deviceId) {
      throw new QsmError('forbidden', `${field}: the sender is not the device of this login session.`, {
        details: { field },
      })
    }
    if (idFromBytes(header.msgId) !== request.messageId) {
      throw new QsmError('envelope_refused', `${field}: its msgId is not the client_message_id.`, {
        details: { field },
      })
    }
    const target = `${userId}/${deviceId}`
    if (targets.has(target) || target === `${request.sender.userId}/${request.sender.deviceId}`) {
      throw new QsmError('device_mismatch', `${field}: a device is addressed twice, or is the sender.`, {
        details: { missing: [], extra: [{ user_id: userId, device_id: deviceId }] },
      })
    }
    targets.add(target)
  }
}

/** How a send stands to its recipients: `open`, or what has to be kept beside the insert. */
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

/** The connections of a send, each open or started. Throws `blocked` or `not_connected`. */
export const checkConnections = async (
  loader: SendContextLoader,
  request: SendRequest,
  parcels: readonly Parcel[],
): Promise<readonly Standing[]> => {
  const { userId } = request.sender
  const peers = [...new Set(parcels.map(parcel => parcel.userId))].filter(peerId => peerId !== userId)
  return Promise.all(
    peers.map(async peerId => ({ peerId, kind: judgeConnection(await loader.connection({ userId, peerId }), userId) })),
  )
}

/** A message goes to every device of its recipients and to the sender's other devices, and to no other. */
export const checkDevices = async (
  loader: SendContextLoader,
  request: SendRequest,
  parcels: readonly Parcel[],
): Promise<void> => {
  const { sender } = request
  const users = [...new Set([sender.userId, ...parcels.map(parcel => parcel.userId)])]
  const wanted = new Set<string>()
  for (const userId of users) {
    for (const deviceId of await loader.activeDevices(userId)) {
      if (userId !== sender.userId || deviceId !== sender.deviceId) wanted.add(`${userId}/${deviceId}`)
    }
  }
  const given = new Set(parcels.map(parcel => `${parcel.userId}/${parcel.deviceId}`))
  const address = (target: string) => {
    const [user_id = '', device_id = ''] = target.split('/')
    return { user_id, device_id: Number(device_id) }
  }
  const missing = [...wanted].filter(target => !given.has(target)).map(address)
  const extra = [...given].filter(target => !wanted.has(target)).map(address)
  if (missing.length > 0 || extra.length > 0)
    throw new QsmError('device_mismatch', undefined, { details: { missing, extra } })
}

/** `sentAt` is within 24 hours past and 5 minutes ahead. */
export const checkTimes = (parcels: readonly Parcel[], now: number): void => {
  for (const [index, { envelope }] of parcels.entries()) {
    const { sentAt } = envelope.header
    if (sentAt < now - limits.sentAtPastMs || sentAt > now + limits.sentAtFutureMs) {
      const field = `envelopes[${index}]`
      throw new QsmError(
        'envelope_refused',
        `${field}: sentAt must be within 24 hours past and 5 minutes ahead of the server.`,
        {
          details: { field },
        },
      )
    }
  }
}

/** Form, keys and both signatures of every envelope. Throws `envelope_refused` without saying which part failed. */
export const checkSignatures = async (
  verifier: Verifier,
  record: DeviceRecord,
  parcels: readonly Parcel[],
  onRefused: (cause: string) => void,
): Promise<void> => {
  for (const { envelope } of parcels) {
    if (!agreesWithRecord(envelope, record) || !hasSignatureForm(envelope.signature)) {
      onRefused('form')
      throw envelopeRefused()
    }
    try {
      checkEnvelopeKeys(envelope)
    } catch (cause) {
      onRefused('key')
      throw envelopeRefused(cause)
    }
  }
  for (const { envelope } of parcels) {
    if (await verifyEnvelope(verifier, envelope, record.identityKey)) continue
    onRefused('signature')
    throw envelopeRefused()
  }
}
