import { z } from 'zod'
import { time } from '../fields.js'
import { defineRoute } from '../route.js'

const dependency = z.enum(['ok', 'unavailable', 'not_configured'])

export const getRoot = defineRoute({
  operationId: 'getRoot',
  service: 'main',
  method: 'get',
  path: '/',
  summary: 'What this is and where to look next',
  auth: 'open',
  responses: {
    200: {
      description: 'Service and links.',
      body: z.object({ service: z.string(), version: z.string(), docs: z.string(), health: z.string() }),
    },
  },
})

export const health = z.object({
  status: z.enum(['healthy', 'degraded', 'unhealthy']),
  service: z.string(),
  version: z.string(),
  timestamp: time,
  database: dependency,
  redis: dependency,
  quantum_service: dependency,
})

export const getHealth = defineRoute({
  operationId: 'getHealth',
  service: 'main',
  method: 'get',
  path: '/api/health',
  summary: 'Whether this service can serve, with the state of each part it needs',
  auth: 'open',
  responses: {
    200: { description: 'It can serve.', body: health },
    503: { description: 'It cannot serve now.', body: health },
  },
})

export const getConfig = defineRoute({
  operationId: 'getConfig',
  service: 'main',
  method: 'get',
  path: '/api/config',
  summary: 'What a client needs to know',
  auth: 'open',
  responses: {
    200: {
      description: 'No secret.',
      body: z.object({
        quantum_api: z.string(),
        websocket_enabled: z.boolean(),
        suites: z.array(z.int()),
        limits: z.record(z.string(), z.number()),
      }),
    },
  },
})
