import * as z from 'zod'
import { errorCodes } from './errors.js'
import { deviceId, time, uuid } from './fields.js'

export const addressedDevice = z
  .object({ user_id: uuid, device_id: deviceId })
  .meta({ id: 'AddressedDevice', description: 'One device of one user.' })

const devices = z.array(addressedDevice)
const missing = devices.meta({ description: 'device_mismatch: devices that want an envelope and got none.' })
const extra = devices.meta({ description: 'device_mismatch: devices that got an envelope and are not active.' })

/** The `error` object of answers and of socket frames. */
export const errorBody = z
  .object({
    // Text for whoever parses: an older client shall read an answer with a newer code.
    code: z.string().meta({ enum: errorCodes, description: 'docs/reference/errors.md explains each.' }),
    message: z.string().meta({ description: 'Says what to do next; may change, so decide by `code`.' }),
    retryable: z.boolean().meta({ description: 'The same request may succeed later without a change.' }),
    request_id: z.string().meta({ description: 'Also in the header X-Request-Id and in the log of the server.' }),
    field: z.string().optional().meta({ description: 'The field that does not fit.' }),
    missing: missing.optional(),
    extra: extra.optional(),
    allow: z.string().optional().meta({ description: 'method_not_allowed: the methods of this path.' }),
  })
  .meta({ id: 'ErrorBody' })

/** What every answer with a status of 400 or above holds. */
export const errorAnswer = z
  .object({
    error: errorBody,
    status_code: z.int().min(400).max(599),
    timestamp: time,
    missing: missing.optional(),
    extra: extra.optional(),
  })
  .meta({ id: 'Error' })
