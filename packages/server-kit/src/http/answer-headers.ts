import type { ServerResponse } from 'node:http'
import { securityHeaders } from './security-headers.js'

const headers = [...securityHeaders(), ['Vary', 'Origin']] as const
const flat: readonly string[] = headers.flat()

/** The headers of every answer and some more, as names and values in turn: `writeHead` takes them without looking at each. */
export const answerHeaders = (requestId: string, more: readonly string[]): string[] =>
  flat.concat('X-Request-Id', requestId, more)

/** Sets the headers of every answer, for those that add others to them one by one. */
export const setAnswerHeaders = (response: ServerResponse, requestId: string): void => {
  for (const [name, value] of headers) response.setHeader(name, value)
  response.setHeader('X-Request-Id', requestId)
}
