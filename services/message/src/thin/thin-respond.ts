import { decodeBase64, encodeBase64 } from '@qsm/contract'
import { decodeRequest, decodeResponse } from '@qsm/protocol'
import { QsmError } from '@qsm/server-kit'
import { judgeResponse } from '../connections/judge-handshake.js'
import { type AnswerableRequest, storeAnswer } from '../connections/respond.js'
import type { MessageContext } from '../context.js'
import type { DeviceAddress, Devices } from '../devices/devices.js'
import type { AsDevice } from './as-device.js'
import type { ThinCaller } from './thin-caller.js'

/** What a thin client is told of the session that its answer has begun. */
export interface ThinAnswer {
  readonly session_id: string
  /** The ML-KEM-768 ciphertext of the handshake, base64. */
  readonly ciphertext: string
  readonly quantum_algorithm: string
}

/** Accepts a request for a connection by the managed device. Throws `already_answered`, `not_found`, `blocked`. */
export type ThinAccept = (caller: ThinCaller, request: AnswerableRequest) => Promise<ThinAnswer>

export const createThinAccept = (options: {
  readonly context: MessageContext
  readonly devices: Devices
  readonly asDevice: AsDevice
}): ThinAccept => {
  const { context, devices, asDevice } = options
  const { managed, database, verifier, clock } = context

  /** Whether the answer that counts is one of this device: two calls at once have the same Response. */
  const isAnsweredBy = async (device: DeviceAddress, requestId: string): Promise<boolean> => {
    const rows = await database.query(
      `SELECT 1 FROM message.connection_request
       WHERE request_id = $1 AND to_user = $2 AND state = 'accepted' AND answered_by_device = $3`,
      [requestId, device.userId, device.deviceId],
    )
    return rows.length > 0
  }

  const store = async (caller: ThinCaller, device: DeviceAddress, request: AnswerableRequest, response: Uint8Array) => {
    const { request_id: requestId, from_user: peerId } = request
    const accepted = { response, deviceId: device.deviceId }
    try {
      await storeAnswer(database, { requestId, userId: caller.userId, peerId, accepted, now: clock.now() })
    } catch (error) {
      // Nobody will send on the session that was begun, unless the answer is there all the same.
      if (error instanceof QsmError && !(await isAnsweredBy(device, requestId))) {
        await managed.run(caller.accessToken, 'abandon_answer', { request_id: requestId })
      }
      throw error
    }
  }

  return (caller, request) =>
    asDevice(caller, async device => {
      if (!request.handshake)
        throw new QsmError('not_found', 'This request was made by no device: ask for another one.')
      const bytes = new Uint8Array(request.handshake)
      const asking = { userId: request.from_user, deviceId: decodeRequest(bytes).fromDevice }
      const [own, theirs] = await Promise.all([devices.record(device), devices.record(asking)])
      if (!own) throw new QsmError('device_required')
      if (!theirs) throw new QsmError('not_found', 'The device that asked is no longer here: it has to ask again.')
      const answered = await managed.run(caller.accessToken, 'answer_request', {
        request: encodeBase64(bytes),
        from_record: encodeBase64(theirs.bytes),
      })
      const response = decodeBase64(answered.response)
      await judgeResponse(verifier, { ...device, record: own }, bytes, response)
      await store(caller, device, request, response)
      return {
        session_id: answered.session_id,
        ciphertext: encodeBase64(decodeResponse(response).ciphertext),
        quantum_algorithm: 'ML-KEM-768',
      }
    })
}
