import * as z from 'zod'
import { time, username } from '../fields.js'
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

const openings = {
  service: 'message',
  method: 'get',
  description:
    'The token goes into the `Authorization` header, or a ticket into the subprotocol. The frames stand in docs/reference/asyncapi.json.',
  auth: 'access',
  responses: { 101: { description: 'The connection is a WebSocket now.' } },
  errors: ['upgrade_required', 'forbidden', 'not_found'],
} as const

export const openSocket = defineRoute({
  ...openings,
  operationId: 'openSocket',
  path: '/ws',
  summary: 'Open the WebSocket of the device that the session is bound to',
})

export const openNamedSocket = defineRoute({
  ...openings,
  operationId: 'openNamedSocket',
  path: '/ws/{username}',
  summary: 'The same as `/ws`; another name than the own is refused',
  params: z.object({ username }),
})
