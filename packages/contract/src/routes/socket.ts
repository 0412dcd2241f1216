import { z } from 'zod'
import { time } from '../fields.js'
import { defineRoute } from '../route.js'

export const createSocketTicket = defineRoute({
  operationId: 'createSocketTicket',
  service: 'message',
  method: 'post',
  path: '/api/ws/ticket',
  summary: 'A one-use ticket of 30 seconds for a WebSocket from a browser',
  description: 'Give it as subprotocol `qsm.ticket.<ticket>` to `GET /ws`. Tokens never go into a URL.',
  auth: 'access',
  responses: { 201: { description: 'The ticket.', body: z.object({ ticket: z.string(), expires_at: time }) } },
})
