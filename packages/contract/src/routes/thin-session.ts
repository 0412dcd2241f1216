import * as z from 'zod'
import { time, username } from '../fields.js'
import { defineRoute } from '../route.js'

export const getSessionStatus = defineRoute({
  operationId: 'getSessionStatus',
  service: 'message',
  method: 'get',
  path: '/api/session/status',
  summary: "A thin client's session with a peer",
  auth: 'access',
  query: z.strictObject({ peer: username }),
  responses: {
    200: {
      description: 'The session.',
      body: z.object({
        peer: username,
        active: z.boolean(),
        session_id: z.string().nullable(),
        established_at: time.nullable(),
      }),
    },
  },
  errors: ['not_found', 'conflict'],
})

export const terminateSession = defineRoute({
  operationId: 'terminateSession',
  service: 'message',
  method: 'post',
  path: '/api/session/terminate',
  summary: "End a thin client's session; its keys are destroyed on both sides",
  description: 'The connection is closed: one of the two has to ask again, and the other to accept.',
  auth: 'access',
  body: z.strictObject({ peer: username }),
  responses: { 200: { description: 'Ended.', body: z.object({ peer: username, status: z.literal('terminated') }) } },
  errors: ['not_found', 'conflict'],
})
