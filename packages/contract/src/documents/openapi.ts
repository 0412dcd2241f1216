import { createDocument, type oas31, type ZodOpenApiPathsObject } from 'zod-openapi'
import type { ServiceName } from '../route.js'
import { routeSections } from '../routes/index.js'
import { createErrorResponses } from './error-responses.js'
import { operationOf } from './operation.js'

export interface DocumentOptions {
  /** Version of the software, as in its package. */
  readonly version: string
  readonly title: string
  /** Where the routes are; the place of the document itself unless stated. */
  readonly serverUrl?: string
}

const description = `JSON in UTF-8. Unknown request fields and query parameters are refused; a client ignores answer fields that it does not
know. Times are RFC 3339 in UTC, ids UUIDs, device ids and sequences numbers, bytes strict base64 (RFC 4648 section 4, with padding, canonical).

An error has one form: \`error\` with \`code\`, \`message\`, \`retryable\` and \`request_id\`. Decide by \`code\`; the message says what to do next.
Where \`retryable\` is true, the same request may succeed later, after the seconds of \`Retry-After\` where that header is there.`

const textSchema = { type: 'string' as const }

const headers = {
  RequestId: { description: 'Names this request in the log of the server.', schema: textSchema },
  RetryAfter: {
    description: 'Seconds to wait. Left out where waiting does not help.',
    schema: { type: 'integer' as const, minimum: 1 },
  },
  Challenge: { description: '`Bearer` (RFC 6750).', schema: textSchema },
}

const securitySchemes = {
  accessToken: {
    type: 'http' as const,
    scheme: 'bearer',
    bearerFormat: 'JWT',
    description: 'The `access_token` of `POST /api/login`.',
  },
}

/** The OpenAPI 3.1 document of the public routes of these services. */
export const openApiDocument = (
  services: readonly ServiceName[],
  { version, title, serverUrl = '/' }: DocumentOptions,
): oas31.OpenAPIObject => {
  const errorResponses = createErrorResponses()
  const paths: ZodOpenApiPathsObject = {}
  const tags: string[] = []
  for (const section of routeSections) {
    const routes = section.routes.filter(route => services.includes(route.service))
    if (routes.length > 0) tags.push(section.title)
    for (const route of routes) {
      paths[route.path] = {
        ...paths[route.path],
        [route.method]: operationOf(route, section.title, errorResponses),
      }
    }
  }
  const document = createDocument(
    {
      openapi: '3.1.1',
      info: { title, version, description, license: { name: 'Apache-2.0', identifier: 'Apache-2.0' } },
      servers: [{ url: serverUrl }],
      tags: tags.map(name => ({ name })),
      paths,
      components: { headers, securitySchemes },
    },
    { reused: 'inline' },
  )
  // As it is read by others: without properties that hold undefined.
  return JSON.parse(JSON.stringify(document)) as oas31.OpenAPIObject
}
