import { z } from 'zod'
import { givenPassword, text, time, username, uuid } from '../fields.js'
import { defineRoute } from '../route.js'

const tokens = z.object({
  access_token: z.string(),
  token_type: z.literal('bearer'),
  expires_in: z.int().meta({ description: 'Seconds that the access token lives.' }),
  refresh_token: z.string(),
  username,
  user_id: uuid,
  quantum_ready: z.boolean(),
})

export const login = defineRoute({
  operationId: 'login',
  service: 'auth',
  method: 'post',
  path: '/api/login',
  summary: 'Log in',
  description: 'Unknown user and wrong password get the same answer. Guessing is slowed down for each account and address.',
  auth: 'open',
  form: true,
  body: z.object({ username: text(1, 254), password: givenPassword }).strict(),
  responses: { 200: { description: 'A new login session.', body: tokens } },
  errors: ['invalid_credentials', 'rate_limited', 'unavailable'],
})

export const refreshToken = defineRoute({
  operationId: 'refreshToken',
  service: 'auth',
  method: 'post',
  path: '/api/token/refresh',
  summary: 'A new pair of tokens for a refresh token',
  description: 'A refresh token works once. One that comes a second time ends its login session.',
  auth: 'open',
  body: z.strictObject({ refresh_token: text(1, 200) }),
  responses: { 200: { description: 'The next pair.', body: tokens } },
  errors: ['invalid_refresh_token', 'rate_limited'],
})

export const logout = defineRoute({
  operationId: 'logout',
  service: 'auth',
  method: 'post',
  path: '/api/logout',
  summary: 'End this login session, its tokens and its open sockets',
  auth: 'access',
  responses: { 204: { description: 'Ended.' } },
})

export const listSessions = defineRoute({
  operationId: 'listSessions',
  service: 'auth',
  method: 'get',
  path: '/api/sessions',
  summary: 'The own login sessions',
  auth: 'access',
  responses: {
    200: {
      description: 'Newest first.',
      body: z.object({
        sessions: z.array(
          z.object({
            session_id: uuid,
            user_agent: z.string(),
            created_at: time,
            last_used_at: time,
            expires_at: time,
            current: z.boolean(),
          }),
        ),
      }),
    },
  },
})

export const endSession = defineRoute({
  operationId: 'endSession',
  service: 'auth',
  method: 'delete',
  path: '/api/sessions/{id}',
  summary: 'End one of the own login sessions',
  auth: 'access',
  params: z.object({ id: uuid }),
  responses: { 204: { description: 'Ended.' } },
  errors: ['not_found'],
})
