import type { Middleware } from 'koa'
import { QsmError } from '../errors/qsm-error.js'
import { isSocketPath } from './upgrade-request.js'

/** Tells who asks for a socket's path without an upgrade what to do instead. */
export const requireUpgrade: Middleware = function requireUpgrade(context, next) {
  if (context.method !== 'GET' || !isSocketPath(context.path)) return next()
  context.set('Upgrade', 'websocket')
  throw new QsmError('upgrade_required')
}
