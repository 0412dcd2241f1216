import { type AnswerOf, errorAnswer, explainIssues, type RouteContract } from '@qsm/contract'
import { QsmClientError } from '../errors.js'

/** The body of the success of a route; undefined where it has none. */
export type SuccessOf<R extends RouteContract> =
  Extract<AnswerOf<R>, { readonly status: 200 | 201 | 204 }> extends infer A
    ? A extends { readonly body: infer B }
      ? B
      : undefined
    : never

const retryAfterMs = (response: Response): number | undefined => {
  const seconds = Number(response.headers.get('retry-after') ?? Number.NaN)
  return Number.isFinite(seconds) && seconds >= 0 ? seconds * 1_000 : undefined
}

const parseJson = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** An error body of the server as an error; also for error frames of a socket. */
const toClientError = (status: number, body: unknown, waitMs?: number): QsmClientError => {
  const parsed = errorAnswer.safeParse(body)
  if (!parsed.success) {
    const text = `The server answered ${status} in a form that is not QSM's: check the address, and what stands in between.`
    return new QsmClientError('unexpected_answer', text, { status })
  }
  const { error, missing, extra } = parsed.data
  const { code, message, ...rest } = error
  const details = { missing, extra, ...rest, ...(waitMs === undefined ? {} : { retryAfterMs: waitMs }) }
  return new QsmClientError(code, message, { status, details })
}

/**
 * The checked body of an answer; fields that this version does not know are left out. Throws the server's error for a
 * status of 400 or above, `unexpected_answer` for what the contract does not allow.
 */
export const readAnswer = async <R extends RouteContract>(route: R, response: Response): Promise<SuccessOf<R>> => {
  const json = parseJson(await response.text())
  if (response.status >= 400) throw toClientError(response.status, json, retryAfterMs(response))
  const declared = route.responses[response.status]
  if (declared && !declared.body) return undefined as SuccessOf<R>
  const parsed = declared?.body?.safeParse(json)
  if (parsed?.success) return parsed.data as SuccessOf<R>
  const why = parsed ? explainIssues(parsed.error.issues).message : `status ${response.status}`
  const text = `The answer to ${route.operationId} is not understood (${why}). Check the address, or use a newer client.`
  throw new QsmClientError('unexpected_answer', text)
}
