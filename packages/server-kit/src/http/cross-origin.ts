import cors from '@koa/cors'
import type { Middleware } from 'koa'

/** `*` allows every origin; else an origin must be listed, letter by letter. */
export const originAllowed = (allowed: readonly string[], origin: string): boolean =>
  allowed.includes('*') || allowed.includes(origin)

/** CORS for the listed origins. No credentials: tokens travel in a header that pages set themselves, never in cookies. */
export const crossOrigin = (allowed: readonly string[]): Middleware => {
  const answer = cors({
    origin: context => (originAllowed(allowed, context.get('Origin')) ? context.get('Origin') : ''),
    exposeHeaders: ['X-Request-Id', 'Retry-After'],
    maxAge: 600,
  })
  return function crossOrigin(context, next) {
    return context.req.headers.origin === undefined ? next() : answer(context, next)
  }
}
