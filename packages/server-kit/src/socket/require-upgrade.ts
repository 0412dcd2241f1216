import type { Middleware } from 'koa'
import { QsmError } from '../errors/qsm-error.js'
import { isSocketPath } from './upgrade-request.js'

/** Tells who asks for a socket's path without an upgrade what to do instead. */
export const requireUpgrade: Middleware = function requireUpgrade(context, next) {
  if (context.method !== 'GET' || !isSocketPath(context.path)) return next()
  context.set('Upgrade', 'websocket')
  throw new QsmError('upgrade_required')
}

/** Where sockets are switched off: says so to upgrades and to plain requests of a socket's path alike. */
export const refuseSockets: Middleware = function refuseSockets(context, next) {
  if (!isSocketPath(context.path)) return next()
  throw new QsmError(
    'not_found',
    'Sockets are switched off on this server (ENABLE_WEBSOCKET=false): poll GET /api/messages.',
  )
}
