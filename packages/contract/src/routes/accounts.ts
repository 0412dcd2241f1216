import { z } from 'zod'
import { email, givenPassword, newPassword, time, username, uuid } from '../fields.js'
import { defineRoute } from '../route.js'

const registered = z.object({ message: z.string(), user_id: uuid, username, quantum_ready: z.boolean() })

export const register = defineRoute({
  operationId: 'register',
  service: 'auth',
  method: 'post',
  path: '/api/register',
  summary: 'Make an account',
  auth: 'open',
  body: z.strictObject({ username, email, password: newPassword }),
  responses: { 201: { description: 'The account exists.', body: registered } },
  errors: ['username_taken', 'weak_password', 'rate_limited'],
})

export const getMe = defineRoute({
  operationId: 'getMe',
  service: 'auth',
  method: 'get',
  path: '/api/me',
  summary: 'The own account',
  auth: 'access',
  responses: {
    200: {
      description: 'The account behind the token.',
      body: z.object({
        user_id: uuid,
        username,
        email: z.string(),
        created_at: time,
        session_id: uuid.meta({ description: 'The login session of this token.' }),
      }),
    },
  },
})

export const changePassword = defineRoute({
  operationId: 'changePassword',
  service: 'auth',
  method: 'post',
  path: '/api/password',
  summary: 'Change the password; every other login session ends',
  auth: 'access',
  body: z.strictObject({ current_password: givenPassword, new_password: newPassword }),
  responses: { 204: { description: 'Changed; the calling session goes on.' } },
  errors: ['invalid_credentials', 'weak_password', 'rate_limited'],
})

export const deleteAccount = defineRoute({
  operationId: 'deleteAccount',
  service: 'auth',
  method: 'delete',
  path: '/api/account',
  summary: 'Delete the own account with all that belongs to it',
  auth: 'access',
  responses: { 204: { description: 'Deleted: account, sessions, devices, prekeys, connections and stored messages.' } },
})

export const exportAccount = defineRoute({
  operationId: 'exportAccount',
  service: 'auth',
  method: 'get',
  path: '/api/account/export',
  summary: 'What is stored about the own account',
  auth: 'access',
  responses: {
    200: {
      description: 'Account and login sessions. Messages are not in it: the server cannot read them.',
      body: z.object({
        user_id: uuid,
        username,
        email: z.string(),
        created_at: time,
        password_changed_at: time,
        sessions: z.array(
          z.object({ session_id: uuid, user_agent: z.string(), created_at: time, last_used_at: time, expires_at: time }),
        ),
      }),
    },
  },
})
