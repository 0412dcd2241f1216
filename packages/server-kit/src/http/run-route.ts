import { explainIssues, type RouteContract } from '@qsm/contract'
import type { DefaultState, ExtendableContext } from 'koa'
import type { z } from 'zod'
import { QsmError } from '../errors/qsm-error.js'
import type { Logger } from '../log.js'
import { parsePairs } from './parse-body.js'
import { readBody } from './read-body.js'
import type { BoundRoute, RouteGroup } from './route.js'

type Context = ExtendableContext & { readonly state: DefaultState; readonly params?: unknown }

const parsePart = (schema: z.ZodType | undefined, value: unknown, where: 'body' | 'query' | 'path'): unknown => {
  if (!schema) return undefined
  const result = schema.safeParse(value)
  if (result.success) return result.data
  if (where === 'body' && value === undefined) throw new QsmError('validation_failed', 'A body is needed.', { details: { field: 'body' } })
  const { message, field } = explainIssues(result.error.issues, where)
  throw new QsmError('validation_failed', message, { details: { field } })
}

/** The token of the `Authorization: Bearer` header. Throws `unauthorized` where there is none. */
export const bearerToken = (header: string | undefined): string => {
  const match = /^Bearer +([A-Za-z0-9._~+/=-]+)$/i.exec(header ?? '')
  if (!match?.[1]) throw new QsmError('unauthorized')
  return match[1]
}

const authenticate = async (context: Context, contract: RouteContract, group: RouteGroup) => {
  if (contract.auth === 'open') return undefined
  const token = bearerToken(context.req.headers.authorization)
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

/** Runs one route in the fixed order: caller, path, query, body, handler, answer. */
export const runRoute = async (
  context: Context,
  bound: BoundRoute,
  group: RouteGroup,
  options: RunOptions,
): Promise<void> => {
  const { contract } = bound
  const arrivedAt = options.now()
  const caller = await authenticate(context, contract, group)
  const params = parsePart(contract.params, context.params, 'path')
  const query = parsePart(contract.query, parsePairs(new URLSearchParams(context.querystring), 'query'), 'query')
  const body = contract.body ? parsePart(contract.body, await readBody(context.req, contract), 'body') : undefined
  const request = {
    params,
    query,
    body,
    caller,
    requestId: context.state.requestId as string,
    clientAddress: context.ip,
    userAgent: context.get('user-agent'),
    arrivedAt,
    log: options.log,
  }
  const answer = await bound.handle(request as never)
  if (options.checkAnswers) checkAnswer(contract, answer)
  context.status = answer.status
  context.body = answer.body ?? null
  if (answer.body === undefined) context.status = answer.status
}
