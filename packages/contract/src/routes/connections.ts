import { z } from 'zod'
import { base64, text, time, username, uuid, uuidV7 } from '../fields.js'
import { defineRoute } from '../route.js'
import { recordBytes } from '../sizes.js'

/** Public keys that a thin client of the original system shows beside its request; stored and handed on unread. */
export const publicKeys = z.strictObject({
  ml_kem_768: base64(1184).optional(),
  falcon_512: base64(897).optional(),
  ecdsa_p256: text(1, 1_000).optional().meta({ description: 'PEM' }),
})

const requestRecord = base64(recordBytes.request.min, recordBytes.request.max)
const responseRecord = base64(recordBytes.response.min, recordBytes.response.max)
export const connectionState = z.enum(['requested', 'started', 'open', 'rejected', 'blocked'])

export const requestConnection = defineRoute({
  operationId: 'requestConnection',
  service: 'message',
  method: 'post',
  path: '/api/connection/request',
  summary: 'Ask a user for a connection',
  auth: 'access',
  body: z.strictObject({
    receiver_username: username,
    sender_public_keys: publicKeys.optional(),
    handshake: requestRecord.optional(),
  }),
  responses: {
    201: {
      description: 'Asked. The same record again gives the same answer.',
      body: z.object({
        request_id: uuidV7,
        status: z.literal('sent'),
        receiver: username,
        expires_at: time,
      }),
    },
  },
  errors: ['not_found', 'record_refused', 'device_required', 'blocked', 'conflict', 'rate_limited', 'not_implemented'],
})

export const pendingRequest = z.object({
  request_id: uuidV7,
  sender_id: uuid,
  sender_username: username,
  handshake: requestRecord.nullable(),
  sender_public_keys: publicKeys.nullable(),
  created_at: time,
  expires_at: time,
})

export const listPendingRequests = defineRoute({
  operationId: 'listPendingRequests',
  service: 'message',
  method: 'get',
  path: '/api/connection/pending',
  summary: 'Requests that wait for an answer of the caller',
  auth: 'access',
  responses: { 200: { description: 'Oldest first.', body: z.object({ requests: z.array(pendingRequest) }) } },
})

export const respondToConnection = defineRoute({
  operationId: 'respondToConnection',
  service: 'message',
  method: 'post',
  path: '/api/connection/respond',
  summary: 'Accept or reject a request; the first answer counts',
  auth: 'access',
  body: z.strictObject({
    request_id: uuid,
    accept: z.boolean(),
    receiver_public_keys: publicKeys.optional(),
    handshake: responseRecord.optional(),
  }),
  responses: {
    200: {
      description: 'Answered.',
      body: z.object({
        status: z.enum(['accepted', 'rejected']),
        peer_username: username,
        session_id: z.string().optional(),
        ciphertext: base64(1088).optional(),
        quantum_algorithm: z.string().optional(),
      }),
    },
  },
  errors: ['not_found', 'already_answered', 'record_refused', 'device_required', 'not_implemented'],
})

export const connection = z.object({
  peer_username: username,
  peer_user_id: uuid,
  state: connectionState,
  request_id: uuidV7.nullable(),
  handshake: responseRecord.optional().meta({ description: 'The Response, for the device that asked; kept 14 days.' }),
})

export const listConnections = defineRoute({
  operationId: 'listConnections',
  service: 'message',
  method: 'get',
  path: '/api/connections',
  summary: 'The own connections',
  auth: 'access',
  responses: { 200: { description: 'By name.', body: z.object({ connections: z.array(connection) }) } },
})

export const blockUser = defineRoute({
  operationId: 'blockUser',
  service: 'message',
  method: 'post',
  path: '/api/connections/{username}/block',
  summary: 'Take no more messages and requests of a user; `blocked: false` lifts it',
  auth: 'access',
  params: z.object({ username }),
  body: z.strictObject({ blocked: z.boolean().optional() }).optional(),
  responses: {
    200: { description: 'The connection as it is now.', body: z.object({ peer_username: username, state: connectionState }) },
  },
  errors: ['not_found'],
})
