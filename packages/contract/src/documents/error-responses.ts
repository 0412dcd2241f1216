import type { ZodOpenApiHeadersObject, ZodOpenApiResponseObject } from 'zod-openapi'
import { errorAnswer } from '../error-body.js'
import { type ErrorCode, errorCatalogue } from '../errors.js'
import type { RouteContract } from '../route.js'
import { errorsOf } from '../route-errors.js'
import { pascalCase } from './names.js'

const headerRef = (name: string) => ({ $ref: `#/components/headers/${name}` })

export const requestIdHeader: ZodOpenApiHeadersObject = { 'X-Request-Id': headerRef('RequestId') }

const headersOf = (status: number): ZodOpenApiHeadersObject => ({
  ...requestIdHeader,
  ...(status === 401 ? { 'WWW-Authenticate': headerRef('Challenge') } : {}),
  ...(status === 429 || status === 503 ? { 'Retry-After': headerRef('RetryAfter') } : {}),
})

const describe = (code: ErrorCode): string =>
  `- \`${code}\`: ${errorCatalogue[code].message} ${errorCatalogue[code].when}`

const example = (code: ErrorCode) => {
  const { status, message, retryable } = errorCatalogue[code]
  return {
    error: { code, message, retryable, request_id: '01890a5d-ac96-774b-bcce-b302099a8057' },
    status_code: status,
    timestamp: '2026-11-24T12:00:00.000Z',
  }
}

export type ErrorResponses = (route: RouteContract) => Readonly<Record<string, ZodOpenApiResponseObject>>

/**
 * The error answers of routes by status. Those of the same codes are one component of a document, so that each text
 * stands once. A status that a route answers with a body of its own is left to it.
 */
export const createErrorResponses = (): ErrorResponses => {
  const components = new Map<string, ZodOpenApiResponseObject>()
  const responseFor = (status: number, codes: readonly ErrorCode[]): ZodOpenApiResponseObject => {
    const id = codes.map(pascalCase).join('Or')
    const response: ZodOpenApiResponseObject = components.get(id) ?? {
      id,
      description: codes.map(describe).join('\n'),
      headers: headersOf(status),
      content: {
        'application/json': {
          schema: errorAnswer,
          examples: Object.fromEntries(codes.map(code => [code, { value: example(code) }])),
        },
      },
    }
    components.set(id, response)
    return response
  }
  return route => {
    const byStatus = new Map<number, ErrorCode[]>()
    for (const code of errorsOf(route)) {
      const { status } = errorCatalogue[code]
      if (!(status in route.responses)) byStatus.set(status, [...(byStatus.get(status) ?? []), code])
    }
    return Object.fromEntries([...byStatus].map(([status, codes]) => [String(status), responseFor(status, codes)]))
  }
}
