import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import {
  documentedSchema,
  errorCatalogue,
  errorsOf,
  internalRoutes,
  mainRoutes,
  quantumRoutes,
  type RouteContract,
  recordBytes,
} from '../src/index.js'

const all = [...mainRoutes, ...quantumRoutes, ...internalRoutes]
const names = (routes: readonly RouteContract[]) => routes.map(({ method, path }) => `${method.toUpperCase()} ${path}`)

describe('the routes', () => {
  it('of port 8000 are these', () => {
    expect(names(mainRoutes)).toEqual([
      'GET /',
      'GET /api/health',
      'GET /api/config',
      'POST /api/register',
      'POST /api/login',
      'POST /api/token/refresh',
      'POST /api/logout',
      'GET /api/me',
      'POST /api/password',
      'GET /api/sessions',
      'DELETE /api/sessions/{id}',
      'DELETE /api/account',
      'GET /api/account/export',
      'GET /api/users/available',
      'POST /api/devices',
      'GET /api/devices',
      'DELETE /api/devices/{id}',
      'PUT /api/devices/{id}/prekeys',
      'GET /api/devices/{id}/prekeys',
      'GET /api/users/{username}/devices',
      'POST /api/users/{username}/bundles',
      'POST /api/connection/request',
      'GET /api/connection/pending',
      'POST /api/connection/respond',
      'GET /api/connections',
      'POST /api/connections/{username}/block',
      'POST /api/message/send',
      'GET /api/messages',
      'POST /api/messages/ack',
      'DELETE /api/message/{message_id}',
      'GET /api/session/status',
      'POST /api/session/terminate',
      'GET /api/stats',
      'POST /api/ws/ticket',
      'GET /ws',
      'GET /ws/{username}',
    ])
  })

  it('of port 8001 are these', () => {
    expect(names(quantumRoutes)).toEqual([
      'GET /api/health',
      'GET /api/quantum/info',
      'POST /api/quantum/keygen',
      'POST /api/quantum/encapsulate',
      'POST /api/quantum/decapsulate',
      'POST /api/quantum/wrap_sign',
      'POST /api/quantum/wrap_verify',
      'POST /api/quantum/encrypt',
      'POST /api/quantum/decrypt',
      'GET /api/quantum/session/{user_id}',
      'DELETE /api/quantum/session/{user_id}',
    ])
  })

  it('need a token but for those that are open', () => {
    const open = names(all.filter(({ auth }) => auth === 'open'))
    expect(open).toEqual([
      'GET /',
      'GET /api/health',
      'GET /api/config',
      'POST /api/register',
      'POST /api/login',
      'POST /api/token/refresh',
      'GET /api/health',
      'GET /api/quantum/info',
    ])
    expect(names(all.filter(({ auth }) => auth === 'service'))).toEqual(names(internalRoutes))
  })

  it('have an operation id of their own', () => {
    expect(new Set(all.map(({ operationId }) => operationId)).size).toBe(all.length)
  })
})

describe.each(all)('$method $path', route => {
  const bodies = [...(route.body ? [route.body] : [])].map(body =>
    body instanceof z.ZodOptional ? (body.unwrap() as z.ZodType) : body,
  )

  it('is summed up in a short sentence', () => {
    expect(route.summary).toMatch(/^[A-Z].{5,80}[^.]$/)
    expect(route.operationId).toMatch(/^[a-z][A-Za-z]+$/)
    for (const { description } of Object.values(route.responses)) expect(description).toMatch(/\.$/)
  })

  it('declares the parameters of its path', () => {
    const inPath = [...route.path.matchAll(/\{([a-z_]+)\}/g)].map(match => match[1])
    expect(Object.keys(route.params?.shape ?? {})).toEqual(inPath)
  })

  it('lists errors that exist, each once, and not those that every route has', () => {
    for (const code of route.errors ?? []) expect(errorCatalogue).toHaveProperty(code)
    const { errors: _, ...bare } = route
    expect(errorsOf(route).length).toBe(errorsOf(bare).length + (route.errors?.length ?? 0))
  })

  it('refuses unknown fields and parameters', () => {
    for (const body of bodies) {
      const documented = documentedSchema(body)
      const forms = documented instanceof z.ZodUnion ? documented.options : [documented]
      for (const form of forms) expect((form as z.ZodObject)._zod.def.catchall?._zod.def.type).toBe('never')
    }
    if (route.query) expect(route.query._zod.def.catchall?._zod.def.type).toBe('never')
  })

  it('shows examples that fit', () => {
    if (route.example !== undefined) expect(() => route.body?.parse(route.example)).not.toThrow()
    for (const { body, example } of Object.values(route.responses)) {
      if (example !== undefined) expect(body?.parse(example)).toEqual(example)
    }
  })
})

describe('the sizes of records', () => {
  it('are those that docs/protocol.md section 3 adds up to', () => {
    expect(recordBytes.device).toEqual({ min: 1_735, max: 1_765 })
    expect(recordBytes.prekey).toBe(1_992)
    expect(recordBytes.bundle).toEqual({ min: 3_732, max: 3_762 })
    expect(recordBytes.request).toEqual({ min: 3_824, max: 3_854 })
    expect(recordBytes.response).toEqual({ min: 4_972, max: 5_002 })
  })
})
