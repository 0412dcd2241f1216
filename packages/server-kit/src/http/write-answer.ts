import type { RouteContract } from '@qsm/contract'
import type { DefaultState, ExtendableContext } from 'koa'
import { answerHeaders } from './answer-headers.js'
import { isClientGone } from './error-boundary.js'

const json = 'application/json; charset=utf-8'
/** RFC 9110: an answer with one of these has no content, so no length either. */
const isWithoutContent = (status: number): boolean => status === 204 || status === 304

interface Answer {
  readonly status: number
  readonly body?: unknown
}

/** The content and its headers. JSON is made here, within the error boundary. */
const contentOf = (contract: RouteContract, { status, body }: Answer): [content: string, headers: string[]] => {
  if (body === undefined) return ['', isWithoutContent(status) ? [] : ['Content-Length', '0']]
  const contentType = contract.responses[status]?.contentType
  const content = contentType === undefined ? JSON.stringify(body) : (body as string)
  return [content, ['Content-Type', contentType ?? json, 'Content-Length', String(Buffer.byteLength(content))]]
}

/**
 * Writes the answer of a route with all its headers in one call. Koa would set them one by one and look at the body to
 * find out what it is; both are known here.
 */
export const writeAnswer = (
  context: ExtendableContext & { readonly state: DefaultState },
  contract: RouteContract,
  answer: Answer,
): void => {
  const [content, headers] = contentOf(contract, answer)
  if (isClientGone(context)) return
  context.respond = false
  context.res.writeHead(answer.status, answerHeaders(context.state.requestId as string, headers))
  context.res.end(content)
}
