import * as z from 'zod'
import { base64, text, time, username, uuid, uuidV7 } from '../fields.js'
import { handshakeRequest, handshakeResponse } from '../records.js'
import { defineRoute } from '../route.js'

/** Public keys that a thin client of the original system shows beside its request; stored and handed on unread. */
const publicKeys = z
  .strictObject({
    ml_kem_768: base64(1184).optional(),
    falcon_512: base64(897).optional(),
    ecdsa_p256: text(1, 1_000).optional().meta({ description: 'PEM.' }),
  })
  .meta({ id: 'PublicKeys' })

export const connectionState = z
  .enum(['requested', 'started', 'open', 'rejected', 'blocked'])
  .meta({ id: 'ConnectionState' })

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
    handshake: handshakeRequest.optional(),
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
      example: {
        request_id: '01890a5d-ac96-774b-bcce-b302099a8057',
        status: 'sent',
        receiver: 'bob',
        expires_at: '2026-12-08T12:00:00.000Z',
      },
    },
  },
  errors: ['not_found', 'record_refused', 'device_required', 'forbidden', 'blocked', 'conflict'],
})

export const pendingRequest = z
  .object({
    request_id: uuidV7,
    sender_id: uuid,
    sender_username: username,
    handshake: handshakeRequest.nullable(),
    sender_public_keys: publicKeys.nullable(),
    created_at: time,
    expires_at: time,
  })
  .meta({ id: 'PendingRequest' })

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
    handshake: handshakeResponse.optional(),
  }),
  responses: {
    200: {
      description: 'Answered.',
      body: z.object({
        status: z.enum(['accepted', 'rejected']),
        peer_username: username,
        session_id: z.string().optional().meta({ description: 'For a thin client.' }),
        ciphertext: base64(1088).optional().meta({ description: 'For a thin client.' }),
        quantum_algorithm: z.string().optional().meta({ description: 'For a thin client.' }),
      }),
    },
  },
  errors: ['not_found', 'already_answered', 'record_refused', 'device_required', 'forbidden', 'blocked'],
})

const connection = z
  .object({
    peer_username: username,
    peer_user_id: uuid,
    state: connectionState,
    request_id: uuidV7.nullable(),
    handshake: handshakeResponse
      .optional()
      .meta({ description: 'The Response, for the device that asked; kept 14 days.' }),
  })
  .meta({ id: 'Connection' })

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
    200: {
      description: 'The connection as it is now.',
      body: z.object({
        peer_username: username,
        state: connectionState.nullable().meta({ description: 'Null where there is no connection.' }),
      }),
    },
  },
  errors: ['not_found'],
})
