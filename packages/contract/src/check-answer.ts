import type { z } from 'zod'
import { errorAnswer } from './error-body.js'
import { type ErrorCode, errorCatalogue } from './errors.js'
import { explainIssues } from './explain.js'
import type { RouteContract } from './route.js'
import { errorsOf } from './route-errors.js'

/** An answer that the contract does not allow. */
export class AnswerError extends Error {
  override readonly name = 'AnswerError'
}

/** The first place where two JSON values differ, or null. */
const difference = (given: unknown, expected: unknown, path: string): string | null => {
  if (Object.is(given, expected)) return null
  if (typeof given !== 'object' || typeof expected !== 'object' || given === null || expected === null) return path
  const left = given as Readonly<Record<string, unknown>>
  const right = expected as Readonly<Record<string, unknown>>
  for (const key of new Set([...Object.keys(left), ...Object.keys(right)])) {
    const inner = path === '' ? key : `${path}.${key}`
    const found =
      Object.hasOwn(left, key) && Object.hasOwn(right, key) ? difference(left[key], right[key], inner) : inner
    if (found !== null) return found
  }
  return null
}

/** Clients overlook unknown fields and other spellings; here they are faults, so that the document stays complete. */
const checkExactly = (schema: z.ZodType, body: unknown, where: string): void => {
  const result = schema.safeParse(body)
  if (!result.success) throw new AnswerError(`${where}: ${explainIssues(result.error.issues).message}`)
  const odd = difference(body, result.data, '')
  if (odd !== null) throw new AnswerError(`${where}: ${odd} is not in the contract, or not in its canonical form`)
}

/** Holds the body of an error against the catalogue. `allowed` are the codes that may come. */
export const expectErrorAnswer = (
  status: number,
  body: unknown,
  allowed: readonly ErrorCode[],
  where: string,
): void => {
  checkExactly(errorAnswer, body, where)
  const { error, status_code } = body as { error: { code: string; retryable: boolean }; status_code: number }
  if (!Object.hasOwn(errorCatalogue, error.code)) throw new AnswerError(`${where}: there is no code ${error.code}`)
  const entry = errorCatalogue[error.code as ErrorCode]
  if (entry.status !== status || status_code !== status) {
    throw new AnswerError(`${where}: ${error.code} is ${entry.status}, the body says ${status_code}`)
  }
  if (error.retryable !== entry.retryable) throw new AnswerError(`${where}: retryable of ${error.code} is wrong`)
  if (!allowed.includes(error.code as ErrorCode))
    throw new AnswerError(`${where}: the route does not list ${error.code}`)
}

const isErrorAnswer = (body: unknown): boolean => typeof body === 'object' && body !== null && 'error' in body

/**
 * Holds an answer against the contract of its route, exactly: status, body, no field too many. `body` is the parsed JSON,
 * undefined where there is none. Throws `AnswerError`.
 */
export const expectAnswer = (route: RouteContract, status: number, body: unknown): void => {
  const where = `${route.operationId} ${status}`
  const response = route.responses[status]
  if (status >= 400 && (!response || isErrorAnswer(body))) expectErrorAnswer(status, body, errorsOf(route), where)
  else if (!response) throw new AnswerError(`${where}: this status is not declared`)
  else if (response.body) checkExactly(response.body, body, where)
  else if (body !== undefined) throw new AnswerError(`${where}: a body where none is declared`)
}
