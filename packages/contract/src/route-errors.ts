import type { ErrorCode } from './errors.js'
import type { RouteContract } from './route.js'

/** What any request may meet: a bad path, an unknown query parameter, a limit, a server that is busy or stops. */
const always: readonly ErrorCode[] = [
  'bad_request',
  'validation_failed',
  'body_too_large',
  'rate_limited',
  'internal',
  'unavailable',
  'draining',
]

/** All codes that a route may answer with: those it lists, and those that come with a body or a token. */
export const errorsOf = (route: RouteContract): readonly ErrorCode[] => {
  const codes = new Set<ErrorCode>(always)
  if (route.auth !== 'open') codes.add('unauthorized')
  if (route.body) codes.add('malformed_json').add('unsupported_media_type')
  for (const code of route.errors ?? []) codes.add(code)
  return [...codes]
}
