import * as z from 'zod'
import { deviceId, time, uuid, uuidV7 } from '../fields.js'
import { limits } from '../limits.js'
import { deviceRecord, handshakeRequest, handshakeResponse, prekeyRecord } from '../records.js'
import { defineOperation } from './operation.js'

/** The managed device of the caller, made where there is none, or where its id is among those that cannot be used. */
export const ensureDevice = defineOperation('ensure_device', {
  input: { unusable_device_ids: z.array(deviceId).max(1_000) },
  output: z.object({
    device_id: deviceId,
    /** Freshly signed: newer than every one before. */
    device_record: deviceRecord,
    is_new: z.boolean(),
  }),
})

/** Prekeys to put up for others; their private halves are stored before. */
export const makePrekeys = defineOperation('make_prekeys', {
  input: { one_time: z.int().min(0).max(limits.maxOneTimePrekeys), last_resort: z.boolean() },
  output: z.object({ prekeys: z.array(prekeyRecord) }),
})

/** A Request for a connection with a user (mode B). */
export const makeRequest = defineOperation('make_request', {
  input: { to_user_id: uuid },
  output: z.object({ request_id: uuidV7, handshake: handshakeRequest, expires_at: time }),
})

/** The Response to a Request. The same Request again gives the same Response, for 14 days. */
export const answerRequest = defineOperation('answer_request', {
  input: { request: handshakeRequest, from_record: deviceRecord },
  output: z.object({ response: handshakeResponse, session_id: z.string() }),
})

/** The server took another answer, or none: the session that this one has begun goes. */
export const abandonAnswer = defineOperation('abandon_answer', {
  input: { request_id: uuid },
  output: z.object({}),
})

/** Destroys every key of the managed device, and all that it has opened. */
export const destroyDevice = defineOperation('destroy_device', { input: {}, output: z.object({}) })
