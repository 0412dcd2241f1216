import { explainIssues, type RouteContract } from '@qsm/contract'
import type { DefaultState, ExtendableContext } from 'koa'
import type { z } from 'zod'
import { QsmError } from '../errors/qsm-error.js'
import { networkOf } from '../limits/network-of.js'
import type { Logger } from '../log.js'
import { parsePairs } from './parse-body.js'
import { hasBody, readBody } from './read-body.js'
import type { RouteGroup } from './route.js'
import { RouteRequest } from './route-request.js'
import type { FoundRoute } from './route-table.js'
import { writeAnswer } from './write-answer.js'

type Context = ExtendableContext & { readonly state: DefaultState }

const parsePart = (schema: z.ZodType | undefined, value: unknown, where: 'body' | 'query' | 'path'): unknown => {
  if (!schema) return undefined
  const result = schema.safeParse(value)
  if (result.success) return result.data
  if (where === 'body' && value === undefined) {
    throw new QsmError('validation_failed', 'A body is needed.', { details: { field: 'body' } })
  }
  const { message, field } = explainIssues(result.error.issues, where)
  throw new QsmError('validation_failed', message, { details: { field } })
}

/** Unknown query parameters are refused like unknown fields, also where a route has none at all. */
const parseQuery = (contract: RouteContract, querystring: string): unknown => {
  if (querystring === '') return parsePart(contract.query, {}, 'query')
  const values = parsePairs(new URLSearchParams(querystring), 'query')
  if (contract.query) return parsePart(contract.query, values, 'query')
  const field = Object.keys(values)[0]?.slice(0, 60) ?? 'query'
  throw new QsmError('validation_failed', `query: unknown field ${JSON.stringify(field)}`, { details: { field } })
}

/**
 * The token of the `Authorization: Bearer` header (RFC 6750). Throws `unauthorized` where there is none. Who judges it takes
 * only what it made itself, so its characters are not looked at here where the header has its usual form.
 */
export const bearerToken = (header: string | undefined): string => {
  if (header?.startsWith('Bearer ') && header[7] !== ' ') return header.slice(7)
  const match = /^Bearer +([A-Za-z0-9._~+/=-]+)$/i.exec(header ?? '')
  if (!match?.[1]) throw new QsmError('unauthorized')
  return match[1]
}

const authenticate = (token: string | undefined, contract: RouteContract, group: RouteGroup) => {
  if (token === undefined) return undefined
  if (contract.auth === 'access') return group.authenticate(token)
  group.authenticateService(token)
  return undefined
}

/** A broken promise of the contract is our mistake: tests run with this check on. */
const checkAnswer = (contract: RouteContract, answer: { status: number; body?: unknown }): void => {
  const response = contract.responses[answer.status]
  if (!response) throw new Error(`${contract.operationId} answers ${answer.status}, which its contract does not list`)
  if (response.body) response.body.parse(answer.body)
  else if (answer.body !== undefined) throw new Error(`${contract.operationId} answers a body with ${answer.status}`)
}

export interface RunOptions {
  readonly checkAnswers: boolean
  readonly log: Logger
  readonly now: () => number
}

/** Runs one route in the fixed order: caller, limit, path, query, body, handler, answer. */
export const runRoute = async (
  context: Context,
  { bound, group, params: values }: FoundRoute,
  options: RunOptions,
): Promise<void> => {
  const { contract } = bound
  const arrivedAt = options.now()
  const accessToken = contract.auth === 'open' ? undefined : bearerToken(context.req.headers.authorization)
  const judged = authenticate(accessToken, contract, group)
  const caller = judged instanceof Promise ? await judged : judged
  if (group.limit) await group.limit(contract, caller, networkOf(context.ip))
  const params = parsePart(contract.params, values, 'path')
  const query = parseQuery(contract, context.querystring)
  const body = parsePart(
    contract.body,
    hasBody(context.req) ? await readBody(context.req, context.res, contract) : undefined,
    'body',
  )
  const parts = { params, query, body, caller, accessToken, requestId: context.state.requestId as string, arrivedAt }
  const request = new RouteRequest(context, options.log, parts)
  const answer = await bound.handle(request as never)
  if (options.checkAnswers) checkAnswer(contract, answer)
  writeAnswer(context, contract, answer)
}
