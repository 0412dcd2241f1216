import * as z from 'zod'
import { givenPassword, text, time, username, uuid } from '../fields.js'
import { defineRoute } from '../route.js'

const tokens = z
  .object({
    access_token: z.string().meta({ description: 'JWT for `Authorization: Bearer`.' }),
    token_type: z.literal('bearer'),
    expires_in: z.int().min(1).meta({ description: 'Seconds that the access token lives.' }),
    refresh_token: z.string().meta({ description: 'Works once.' }),
    username,
    user_id: uuid,
    quantum_ready: z.boolean().meta({ description: 'Whether managed keys can be made for this account now.' }),
  })
  .meta({ id: 'TokenPair' })

const tokensExample = {
  access_token: 'eyJhbGciOiJIUzI1NiIsInR5cCI6ImF0K2p3dCJ9.e30.c2lnbmF0dXJl',
  token_type: 'bearer',
  expires_in: 1_800,
  refresh_token: 'qsr_ZXhhbXBsZS1leGFtcGxlLWV4YW1wbGUtZXhhbXBsZS0',
  username: 'alice',
  user_id: '01890a5d-ac96-774b-bcce-b302099a8057',
  quantum_ready: false,
}

export const loginSession = z
  .object({
    session_id: uuid,
    user_agent: z.string(),
    created_at: time,
    last_used_at: time,
    expires_at: time,
  })
  .meta({ id: 'LoginSession' })

export const login = defineRoute({
  operationId: 'login',
  service: 'auth',
  method: 'post',
  path: '/api/login',
  summary: 'Begin a login session',
  description:
    'Unknown user and wrong password get the same answer. Guessing is slowed down for each account and address. An account has at most 100 sessions: a further login ends the one that was used longest ago.',
  auth: 'open',
  form: true,
  body: z.strictObject({ username: text(1, 254).meta({ example: 'alice' }), password: givenPassword }),
  example: { username: 'alice', password: 'correct horse battery' },
  responses: { 200: { description: 'A new login session.', body: tokens, example: tokensExample } },
  errors: ['invalid_credentials'],
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
  example: { refresh_token: tokensExample.refresh_token },
  responses: { 200: { description: 'The next pair.', body: tokens, example: tokensExample } },
  errors: ['invalid_refresh_token'],
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
          loginSession.extend({ current: z.boolean().meta({ description: 'The session that asks.' }) }),
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
