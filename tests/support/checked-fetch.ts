import {
  AnswerError,
  type ErrorCode,
  expectAnswer,
  expectErrorAnswer,
  internalRoutes,
  mainRoutes,
  quantumRoutes,
  type RouteContract,
} from '@qsm/contract'

export type Fetch = (url: string | URL, init?: RequestInit) => Promise<Response>

/** What a path that no route has may answer. */
const codesWithoutRoute: readonly ErrorCode[] = [
  'not_found',
  'method_not_allowed',
  'bad_request',
  'body_too_large',
  'rate_limited',
  'unavailable',
  'draining',
]

const isDocumentPage = (path: string): boolean => /^\/(docs(\/.*)?|openapi\.json)$/.test(path)

const pathForm = (path: string): RegExp => new RegExp(`^${path.replaceAll(/\{[a-z_]+\}/g, '[^/]+')}$`)

const parseBody = (text: string, contentType: string | null, where: string): unknown => {
  if (text === '') {
    if (contentType !== null) throw new AnswerError(`${where}: a content type without a body`)
    return undefined
  }
  if (!/^application\/json(; ?charset=utf-8)?$/i.test(contentType ?? '')) {
    throw new AnswerError(`${where}: the content type is ${contentType}, not application/json`)
  }
  return JSON.parse(text)
}

const checkHeaders = ({ status, headers }: Response, body: unknown, where: string): void => {
  const requestId = headers.get('x-request-id')
  if (!requestId) throw new AnswerError(`${where}: no X-Request-Id`)
  const error = (body as { error?: { request_id?: string; retryable?: boolean } } | undefined)?.error
  if (error && error.request_id !== requestId) throw new AnswerError(`${where}: the request id of the body is another`)
  if (status === 401 && !headers.has('www-authenticate')) throw new AnswerError(`${where}: no WWW-Authenticate`)
  if (status === 405 && !headers.has('allow')) throw new AnswerError(`${where}: no Allow`)
  const wantsRetryAfter = (status === 429 || status === 503) && error?.retryable === true
  if (wantsRetryAfter && !/^[1-9][0-9]*$/.test(headers.get('retry-after') ?? '')) {
    throw new AnswerError(`${where}: no Retry-After in whole seconds`)
  }
}

/** Holds an answer against the contract of the route that the request meant. Throws `AnswerError`. */
const checkResponse = (
  routes: readonly { readonly route: RouteContract; readonly form: RegExp }[],
  method: string,
  path: string,
  response: Response,
  text: string,
): void => {
  const where = `${method} ${path}`
  if (method === 'OPTIONS' || (response.ok && isDocumentPage(path))) return
  if (response.status === 500) throw new AnswerError(`${where}: answered 500 ${text}`)
  const body = method === 'HEAD' ? undefined : parseBody(text, response.headers.get('content-type'), where)
  checkHeaders(response, body, where)
  if (method === 'HEAD') return
  const match = routes.find(({ route, form }) => route.method.toUpperCase() === method && form.test(path))
  if (match) expectAnswer(match.route, response.status, body)
  else expectErrorAnswer(response.status, body, codesWithoutRoute, where)
}

/**
 * `fetch` that checks each answer before it hands it on: status, content type, headers and body are those that the
 * contract of the route declares, with no field too many. A 500 always fails.
 */
const createCheckedFetch = (routes: readonly RouteContract[]): Fetch => {
  const forms = routes.map(route => ({ route, form: pathForm(route.path) }))
  return async (url, init) => {
    const response = await fetch(url, init)
    const text = await response.clone().text()
    checkResponse(forms, (init?.method ?? 'GET').toUpperCase(), new URL(url).pathname, response, text)
    return response
  }
}

/** For port 8000 and for the routes between services. */
export const checkedFetch: Fetch = createCheckedFetch([...mainRoutes, ...internalRoutes])

/** For port 8001, likewise. */
export const checkedQuantumFetch: Fetch = createCheckedFetch([...quantumRoutes, ...internalRoutes])
