import * as z from 'zod'
import type {
  ZodOpenApiContentObject,
  ZodOpenApiOperationObject,
  ZodOpenApiRequestBodyObject,
  ZodOpenApiResponseObject,
} from 'zod-openapi'
import { documentedSchema } from '../forms.js'
import { limits } from '../limits.js'
import type { RouteContract, RouteResponse } from '../route.js'
import { type ErrorResponses, requestIdHeader } from './error-responses.js'
import { pascalCase } from './names.js'

const namedSchemas = new WeakMap<z.ZodType, z.ZodType>()

/** A schema that is a component of the document: under its own id, or under this name. */
const named = (name: string, schema: z.ZodType): z.ZodType => {
  if (z.globalRegistry.get(schema)?.id !== undefined) return schema
  const known = namedSchemas.get(schema) ?? schema.meta({ id: pascalCase(name) })
  namedSchemas.set(schema, known)
  return known
}

const withExample = (schema: z.ZodType, example: unknown) => (example === undefined ? { schema } : { schema, example })

const requestBody = (route: RouteContract): ZodOpenApiRequestBodyObject | undefined => {
  if (!route.body) return undefined
  const isOptional = route.body instanceof z.ZodOptional
  const inner = isOptional ? (route.body.unwrap() as z.ZodType) : route.body
  const media = withExample(named(`${route.operationId}Body`, documentedSchema(inner)), route.example)
  const content: ZodOpenApiContentObject = { 'application/json': media }
  if (route.form) content['application/x-www-form-urlencoded'] = media
  const maxBytes = route.maxBodyBytes ?? limits.maxBodyBytes
  return { required: !isOptional, description: `At most ${maxBytes} bytes.`, content }
}

const answer = (route: RouteContract, response: RouteResponse): ZodOpenApiResponseObject => {
  const described = { description: response.description, headers: requestIdHeader }
  if (!response.body) return described
  const media = withExample(named(`${route.operationId}Answer`, response.body), response.example)
  return { ...described, content: { [response.contentType ?? 'application/json']: media } }
}

const security = (route: RouteContract): Record<string, string[]>[] => {
  if (route.auth === 'open') return []
  return [{ [route.auth === 'access' ? 'accessToken' : 'serviceToken']: [] }]
}

/** A route as an operation of the document. */
export const operationOf = (
  route: RouteContract,
  tag: string,
  errorResponses: ErrorResponses,
): ZodOpenApiOperationObject => {
  const body = requestBody(route)
  const { params, query, description } = route
  const answers = Object.entries(route.responses).map(([status, response]) => [status, answer(route, response)])
  return {
    operationId: route.operationId,
    tags: [tag],
    summary: route.summary,
    ...(description === undefined ? {} : { description }),
    security: security(route),
    ...(params || query ? { requestParams: { ...(params && { path: params }), ...(query && { query }) } } : {}),
    ...(body && { requestBody: body }),
    responses: { ...Object.fromEntries(answers), ...errorResponses(route) },
  }
}
