import * as z from 'zod'
import { deviceId, uuid } from '../fields.js'
import { deviceRecord, prekeyBundle } from '../records.js'

/** What the message service knows and the quantum service needs to play a device. */

/** A device with its registered record. */
export const listedDevice = z.strictObject({ user_id: uuid, device_id: deviceId, record: deviceRecord })
export type ListedDevice = z.output<typeof listedDevice>

/** A prekey bundle that was claimed for a session. */
export const claimedBundle = z.strictObject({ user_id: uuid, device_id: deviceId, bundle: prekeyBundle })
export type ClaimedBundle = z.output<typeof claimedBundle>

export const deviceAddress = z.strictObject({ user_id: uuid, device_id: deviceId })

/** Two users have at most 32 devices each. */
export const maxListedDevices = 64
