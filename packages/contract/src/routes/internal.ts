import * as z from 'zod'
import { accountEventPage } from '../account-feed.js'
import { numberText } from '../fields.js'
import { defineRoute } from '../route.js'

export const listAccountEvents = defineRoute({
  operationId: 'listAccountEvents',
  service: 'auth',
  method: 'get',
  path: '/internal/account-events',
  summary: 'What became of accounts and login sessions, for other services',
  auth: 'service',
  query: z.strictObject({ after: numberText(0, Number.MAX_SAFE_INTEGER), limit: numberText(1, 1_000).optional() }),
  responses: { 200: { description: 'Ascending, without gaps.', body: accountEventPage } },
})
