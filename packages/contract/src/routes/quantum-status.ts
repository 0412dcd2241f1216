import * as z from 'zod'
import { count, time } from '../fields.js'
import { defineRoute } from '../route.js'
import { dependency, healthStatus } from './main.js'

const sizes = z.record(z.string(), count).meta({ description: 'Bytes by name.' })

const quantumInfo = z.object({
  service: z.string(),
  version: z.string(),
  library: z.string(),
  library_version: z.string(),
  audited: z.literal(false).meta({ description: 'Nobody outside has audited this build of the library.' }),
  algorithms: z.array(z.object({ name: z.string(), kind: z.string(), sizes })),
  self_test: z.object({
    passed: z.boolean(),
    checks: z.array(z.object({ name: z.string(), passed: z.boolean() })),
  }),
  wasm_sha256: z.record(z.string(), z.string()).meta({ description: 'SHA-256 of each WASM file in hex.' }),
})

const quantumHealth = quantumInfo
  .extend({ status: healthStatus, timestamp: time, database: dependency })
  .meta({ id: 'QuantumHealth' })

export const getQuantumHealth = defineRoute({
  operationId: 'getQuantumHealth',
  service: 'quantum-crypto',
  method: 'get',
  path: '/api/health',
  summary: 'Whether the quantum service can serve',
  auth: 'open',
  responses: {
    200: { description: 'It can serve: the self-test passed, the database answers.', body: quantumHealth },
    503: { description: 'It cannot serve now.', body: quantumHealth },
  },
})

export const getQuantumInfo = defineRoute({
  operationId: 'getQuantumInfo',
  service: 'quantum-crypto',
  method: 'get',
  path: '/api/quantum/info',
  summary: 'Algorithms with their sizes, the self-test, the hash of the WASM',
  auth: 'open',
  responses: { 200: { description: 'What runs here.', body: quantumInfo.meta({ id: 'QuantumInfo' }) } },
})
