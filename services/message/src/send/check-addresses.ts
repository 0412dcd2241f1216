import { limits } from '@qsm/contract'
import { idFromBytes, QsmError } from '@qsm/server-kit'
import type { Parcel, SendRequest } from './send-job.js'

/** Every envelope names this device as its sender and this send as its message. */
export const checkSender = (request: SendRequest, parcels: readonly Parcel[]): void => {
  for (const [index, { address }] of parcels.entries()) {
    const field = `envelopes[${index}]`
    if (idFromBytes(address.senderUser) !== request.sender.userId || address.senderDevice !== request.sender.deviceId) {
      throw new QsmError('forbidden', `${field}: the sender is not the device of this login session.`, {
        details: { field },
      })
    }
    if (idFromBytes(address.msgId) !== request.messageId) {
      throw new QsmError('envelope_refused', `${field}: its msgId is not the client_message_id.`, {
        details: { field },
      })
    }
  }
}

/** `sentAt` is within 24 hours past and 5 minutes ahead. */
export const checkTimes = (parcels: readonly Parcel[], now: number): void => {
  for (const [index, { address }] of parcels.entries()) {
    if (address.sentAt >= now - limits.sentAtPastMs && address.sentAt <= now + limits.sentAtFutureMs) continue
    const field = `envelopes[${index}]`
    const text = `${field}: sentAt must be within 24 hours past and 5 minutes ahead of the server.`
    throw new QsmError('envelope_refused', text, { details: { field } })
  }
}
