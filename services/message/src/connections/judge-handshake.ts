import {
  acceptRequest,
  acceptResponse,
  type DeviceRecord,
  decodeRequest,
  decodeResponse,
  type Request,
  type Response,
} from '@qsm/protocol'
import { idFromBytes, idToBytes, QsmError } from '@qsm/server-kit'
import type { Verifier } from '../context.js'
import type { DeviceAddress } from '../devices/devices.js'
import { judgeRecord, recordRefused } from '../records/refuse-record.js'

const field = 'handshake'
const uuidV7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/

/** The device that hands a record in, with its registered record. */
export interface HandshakeSender extends DeviceAddress {
  readonly record: DeviceRecord
}

const checkSender = ({ fromUser, fromDevice }: Request | Response, sender: HandshakeSender): void => {
  if (idFromBytes(fromUser) === sender.userId && fromDevice === sender.deviceId) return
  const text = `${field}: it names another sender than the device of this login session.`
  throw new QsmError('forbidden', text, { details: { field } })
}

/**
 * A Request that a device hands in, verified against the registered device (docs/protocol.md section 3). Throws
 * `forbidden` for another sender, else `record_refused`.
 */
export const judgeRequest = (
  verifier: Verifier,
  sender: HandshakeSender,
  toUserId: string,
  bytes: Uint8Array,
): Promise<Request> =>
  judgeRecord(field, async () => {
    const request = decodeRequest(bytes)
    checkSender(request, sender)
    if (!uuidV7.test(idFromBytes(request.requestId))) throw recordRefused(field, 'reqId must be a UUID of version 7.')
    await acceptRequest(verifier, request, idToBytes(toUserId), sender.record)
    return request
  })

/** A Response to a stored Request, verified likewise; `confirm` is for the two devices alone. */
export const judgeResponse = (
  verifier: Verifier,
  sender: HandshakeSender,
  request: Uint8Array,
  bytes: Uint8Array,
): Promise<Response> =>
  judgeRecord(field, async () => {
    const response = decodeResponse(bytes)
    checkSender(response, sender)
    await acceptResponse(verifier, response, decodeRequest(request), sender.record)
    return response
  })
