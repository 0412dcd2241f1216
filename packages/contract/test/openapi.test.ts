import { Validator } from '@seriousme/openapi-schema-validator'
import { describe, expect, it } from 'vitest'
import { openApiDocument } from '../src/documents/index.js'
import { errorCatalogue, errorCodes, errorsOf, mainRoutes, quantumRoutes, type RouteContract } from '../src/index.js'
import { brokenReferences, valueAt } from './json-references.js'

type Json = Record<string, unknown>
const options = { version: '0.1.0', title: 'QSM' }
const main = openApiDocument(['main', 'auth', 'message'], options) as unknown as Json
const quantum = openApiDocument(['quantum-crypto'], options) as unknown as Json
const schemas = (main.components as Json).schemas as Record<string, Json>

interface Operation extends Json {
  readonly operationId: string
  readonly security: readonly Json[]
  readonly tags: readonly string[]
  readonly responses: Record<string, Json>
  readonly requestBody?: { readonly required: boolean; readonly content: Json }
}
const operations = (document: Json): readonly Operation[] =>
  Object.values(document.paths as Record<string, Record<string, Operation>>).flatMap(path => Object.values(path))
const operationOf = (document: Json, route: RouteContract): Operation =>
  valueAt(document, ['paths', route.path, route.method]) as Operation

describe.each([
  ['of port 8000', main, mainRoutes],
  ['of port 8001', quantum, quantumRoutes],
])('the OpenAPI document %s', (_, document, routes) => {
  it('is valid OpenAPI 3.1', async () => {
    const validator = new Validator()
    expect(await validator.validate(structuredClone(document))).toMatchObject({ valid: true })
    expect(validator.version).toBe('3.1')
  })

  it('has no reference that leads nowhere', () => {
    expect(brokenReferences(document)).toEqual([])
  })

  it('holds every route once, under a heading that is declared', () => {
    const ids = operations(document).map(({ operationId }) => operationId)
    expect(ids).toEqual(routes.map(({ operationId }) => operationId))
    const tags = (document.tags as readonly { name: string }[]).map(({ name }) => name)
    for (const { tags: used } of operations(document)) expect(tags).toEqual(expect.arrayContaining([...used]))
  })

  it('asks for a token where the route does', () => {
    for (const route of routes) {
      expect(operationOf(document, route).security).toEqual(route.auth === 'open' ? [] : [{ accessToken: [] }])
    }
  })

  it('lists every status that a route may answer with', () => {
    for (const route of routes) {
      const errors = errorsOf(route).map(code => String(errorCatalogue[code].status))
      const statuses = new Set([...Object.keys(route.responses), ...errors])
      expect(new Set(Object.keys(operationOf(document, route).responses))).toEqual(statuses)
    }
  })

  it('names the request body of every route that has one, and says whether it may be left out', () => {
    for (const route of routes) {
      const body = operationOf(document, route).requestBody
      expect(body !== undefined).toBe(route.body !== undefined)
      if (!body) continue
      expect(valueAt(body, ['content', 'application/json', 'schema', '$ref'])).toMatch(/^#\/components\/schemas\/[A-Z]/)
      expect(body.required).toBe(!route.body?.safeParse(undefined).success)
      expect('application/x-www-form-urlencoded' in body.content).toBe(route.form === true)
    }
  })
})

describe('the schemas of the OpenAPI document', () => {
  it('refuse unknown fields in requests and list answers completely', () => {
    for (const [name, schema] of Object.entries(schemas)) {
      if (schema.type === 'object') expect(schema.additionalProperties, name).toBe(false)
    }
  })

  it('show both forms of a send', () => {
    expect(schemas.SendMessageBody).toEqual({
      anyOf: [{ $ref: '#/components/schemas/EndToEndSend' }, { $ref: '#/components/schemas/ThinSend' }],
    })
  })

  it('bound base64 by the length of its text', () => {
    expect(schemas.PrekeyRecord).toMatchObject({ contentEncoding: 'base64', minLength: 2_656, maxLength: 2_656 })
  })

  it('show numbers of paths and queries as numbers', () => {
    const parameters = valueAt(main, ['paths', '/api/devices/{id}', 'delete', 'parameters'])
    expect(parameters).toMatchObject([{ in: 'path', required: true, schema: { type: 'integer', minimum: 1 } }])
    const query = valueAt(main, ['paths', '/api/messages', 'get', 'parameters'])
    expect(query).toMatchObject([{ name: 'after' }, { name: 'limit', schema: { type: 'integer', maximum: 100 } }])
  })

  it('list all error codes', () => {
    expect(valueAt(schemas, ['ErrorBody', 'properties', 'code', 'enum'])).toEqual(errorCodes)
  })

  it('are the same however often the document is made', () => {
    expect(openApiDocument(['main', 'auth', 'message'], options)).toEqual(main)
  })
})
