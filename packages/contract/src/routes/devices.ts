import * as z from 'zod'
import { count, deviceId, numberText, time, username, uuid } from '../fields.js'
import { limits } from '../limits.js'
import { deviceRecord, prekeyBundle, prekeyRecord } from '../records.js'
import { defineRoute } from '../route.js'

const deviceParams = z.object({ id: numberText(1, 0xffff_ffff) })
const usernameParams = z.object({ username })
const bound = z.object({ device_id: deviceId })

export const registerDevice = defineRoute({
  operationId: 'registerDevice',
  service: 'message',
  method: 'post',
  path: '/api/devices',
  summary: 'Register a device, or prove its key again; binds this login session to it',
  description: 'createdAt of the record is within 5 minutes of the server and newer than that of the stored record.',
  auth: 'access',
  body: z.strictObject({ device_record: deviceRecord }),
  responses: {
    200: { description: 'A known device: the session is bound to it.', body: bound },
    201: { description: 'A new device: the session is bound to it.', body: bound },
  },
  errors: ['record_refused', 'device_id_taken', 'forbidden', 'conflict'],
})

export const listDevices = defineRoute({
  operationId: 'listDevices',
  service: 'message',
  method: 'get',
  path: '/api/devices',
  summary: 'The own devices',
  auth: 'access',
  responses: {
    200: {
      description: 'Active devices.',
      body: z.object({
        devices: z.array(z.object({ device_id: deviceId, device_record: deviceRecord, created_at: time })),
      }),
    },
  },
})

export const removeDevice = defineRoute({
  operationId: 'removeDevice',
  service: 'message',
  method: 'delete',
  path: '/api/devices/{id}',
  summary: 'Remove an own device: its prekeys, its mailbox and its sockets',
  auth: 'access',
  params: deviceParams,
  responses: { 204: { description: 'Removed. Its id is never used again.' } },
  errors: ['not_found'],
})

const prekeyCounts = z.object({ one_time: count, last_resort: count }).meta({ id: 'PrekeyCounts' })

export const putPrekeys = defineRoute({
  operationId: 'putPrekeys',
  service: 'message',
  method: 'put',
  path: '/api/devices/{id}/prekeys',
  summary: 'Add one-time prekeys, replace the last-resort prekey',
  auth: 'access',
  maxBodyBytes: limits.maxPrekeysBodyBytes,
  params: deviceParams,
  body: z.strictObject({
    prekeys: z
      .array(prekeyRecord)
      .min(1, 'at least 1 record')
      .max(limits.maxOneTimePrekeys + 1, `at most ${limits.maxOneTimePrekeys + 1} records`),
  }),
  responses: { 200: { description: 'How many are held now.', body: prekeyCounts } },
  errors: ['record_refused', 'prekey_conflict', 'conflict', 'device_required', 'forbidden', 'not_found'],
})

export const getPrekeys = defineRoute({
  operationId: 'getPrekeys',
  service: 'message',
  method: 'get',
  path: '/api/devices/{id}/prekeys',
  summary: 'How many prekeys of an own device are held',
  auth: 'access',
  params: deviceParams,
  responses: { 200: { description: 'The counts.', body: prekeyCounts } },
  errors: ['not_found'],
})

export const listUserDevices = defineRoute({
  operationId: 'listUserDevices',
  service: 'message',
  method: 'get',
  path: '/api/users/{username}/devices',
  summary: "A user's active devices; claims nothing",
  auth: 'access',
  params: usernameParams,
  responses: {
    200: {
      description: 'Active devices.',
      body: z.object({
        user_id: uuid,
        devices: z.array(z.object({ device_id: deviceId, device_record: deviceRecord })),
      }),
    },
  },
  errors: ['not_found'],
})

export const claimBundles = defineRoute({
  operationId: 'claimBundles',
  service: 'message',
  method: 'post',
  path: '/api/users/{username}/bundles',
  summary: "Claim a prekey bundle of each of a user's devices",
  description:
    'One-time prekeys go first. Makes the connection started: until the other side answers, 20 envelopes a device may be stored.',
  auth: 'access',
  params: usernameParams,
  body: z
    .strictObject({ device_ids: z.array(deviceId).min(1, 'at least 1 id').max(64, 'at most 64 ids').optional() })
    .optional(),
  responses: {
    200: {
      description: 'A bundle for each active device that has a prekey.',
      body: z.object({
        user_id: uuid,
        username,
        bundles: z.array(z.object({ device_id: deviceId, bundle: prekeyBundle })),
      }),
    },
  },
  errors: ['not_found', 'blocked', 'device_required'],
})
