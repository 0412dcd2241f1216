import * as z from 'zod'
import { time } from '../fields.js'
import { publicLimits, publicLimitsSchema } from '../public-limits.js'
import { defineRoute } from '../route.js'

export const healthStatus = z.enum(['healthy', 'degraded', 'unhealthy'])
export const dependency = z
  .enum(['ok', 'unavailable', 'not_configured'])
  .meta({ id: 'DependencyState', description: '`not_configured`: this installation does without it.' })

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
      example: { service: 'qsm', version: '0.1.0', docs: '/docs', health: '/api/health' },
    },
  },
})

const health = z
  .object({
    status: healthStatus,
    service: z.string(),
    version: z.string(),
    timestamp: time,
    database: dependency,
    redis: dependency,
    quantum_service: dependency,
  })
  .meta({ id: 'Health' })

const healthExample = (status: z.infer<typeof healthStatus>, database: z.infer<typeof dependency>) => ({
  status,
  service: 'qsm',
  version: '0.1.0',
  timestamp: '2026-11-24T12:00:00.000Z',
  database,
  redis: 'not_configured',
  quantum_service: 'ok',
})

export const getHealth = defineRoute({
  operationId: 'getHealth',
  service: 'main',
  method: 'get',
  path: '/api/health',
  summary: 'Whether this service can serve, with the state of each part it needs',
  auth: 'open',
  responses: {
    200: { description: 'It can serve.', body: health, example: healthExample('healthy', 'ok') },
    503: { description: 'It cannot serve now.', body: health, example: healthExample('unhealthy', 'unavailable') },
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
        quantum_api: z
          .string()
          .nullable()
          .meta({ description: 'Address of the quantum service; null where clients do not reach it.' }),
        websocket_enabled: z.boolean(),
        suites: z
          .array(z.int().min(1).max(0xffff))
          .meta({ description: 'Suites that are taken (docs/protocol.md section 1).' }),
        limits: publicLimitsSchema,
      }),
      example: {
        quantum_api: 'http://localhost:8001',
        websocket_enabled: true,
        suites: [1],
        limits: publicLimits,
      },
    },
  },
})
