import * as z from 'zod'
import { email, givenPassword, newPassword, time, username, uuid } from '../fields.js'
import { defineRoute } from '../route.js'
import { loginSession } from './sessions.js'

const quantumReady = z.boolean().meta({ description: 'Whether managed keys can be made for this account now.' })

export const register = defineRoute({
  operationId: 'register',
  service: 'auth',
  method: 'post',
  path: '/api/register',
  summary: 'Make an account',
  auth: 'open',
  body: z.strictObject({ username, email, password: newPassword }),
  example: { username: 'alice', email: 'alice@example.org', password: 'correct horse battery' },
  responses: {
    201: {
      description: 'The account exists.',
      body: z.object({ message: z.string(), user_id: uuid, username, quantum_ready: quantumReady }),
      example: {
        message: 'Account alice was made.',
        user_id: '01890a5d-ac96-774b-bcce-b302099a8057',
        username: 'alice',
        quantum_ready: false,
      },
    },
  },
  errors: ['username_taken', 'weak_password'],
})

const account = {
  user_id: uuid,
  username,
  email: z.string(),
  created_at: time,
}

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
      body: z.object({ ...account, session_id: uuid.meta({ description: 'The login session of this token.' }) }),
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
  errors: ['invalid_credentials', 'weak_password'],
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
      body: z.object({ ...account, password_changed_at: time, sessions: z.array(loginSession) }),
    },
  },
})
