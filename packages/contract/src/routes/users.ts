import * as z from 'zod'
import { pageLimit, username, uuid } from '../fields.js'
import { defineRoute } from '../route.js'

export const listAvailableUsers = defineRoute({
  operationId: 'listAvailableUsers',
  service: 'message',
  method: 'get',
  path: '/api/users/available',
  summary: 'Find users by the beginning of their name',
  auth: 'access',
  query: z.strictObject({
    query: z
      .string()
      .max(50, 'at most 50 characters')
      .regex(/^[A-Za-z0-9_-]*$/, 'only letters A-Z and a-z, digits, _ and -')
      .optional()
      .meta({ description: 'The beginning of a name; all where it is left out.' }),
    cursor: z
      .string()
      .regex(/^[A-Za-z0-9_-]{1,50}$/, 'the `next` of the page before')
      .optional()
      .meta({ description: 'The `next` of the page before.' }),
    limit: pageLimit,
  }),
  responses: {
    200: {
      description: 'One page, by name; without the caller.',
      body: z.object({
        users: z.array(
          z.object({
            username,
            user_id: uuid,
            status: z
              .enum(['online', 'offline'])
              .meta({ description: 'Shown only to accepted contacts, else offline.' }),
            has_quantum_keys: z.boolean(),
          }),
        ),
        next: z.string().nullable().meta({ description: 'Give as `cursor`; null on the last page.' }),
      }),
    },
  },
})
