import type { IncomingMessage } from 'node:http'
import { QsmError } from '../errors/qsm-error.js'
import { originAllowed } from '../http/cross-origin.js'

const paths = /^\/ws(?:\/([A-Za-z0-9_-]{3,50}))?$/
export const ticketPrefix = 'qsm.ticket.'

/** Whether sockets are at this path. */
export const isSocketPath = (path: string): boolean => paths.test(path)

/** The ticket among the offered subprotocols; null where there is none. */
export const offeredTicket = (request: IncomingMessage): string | null => {
  const header = request.headers['sec-websocket-protocol'] ?? ''
  const names = header.split(',').map(name => name.trim())
  return names.find(name => name.startsWith(ticketPrefix))?.slice(ticketPrefix.length) ?? null
}

/** A page of this same server is no foreign page. Browsers set these headers themselves; pages cannot. */
const isOwnOrigin = (request: IncomingMessage, origin: string): boolean => {
  const scheme = request.headers['x-forwarded-proto'] ?? 'http'
  return origin === `${scheme}://${request.headers.host}`
}

/**
 * The checks of an upgrade that need no token: path, no query, origin. Notes the name of `/ws/{username}` on the request.
 * Throws `not_found`, `bad_request` or `forbidden`.
 */
export const checkUpgrade = (request: IncomingMessage, allowedOrigins: readonly string[]): void => {
  const [path = '', query] = (request.url ?? '').split('?')
  const match = paths.exec(path)
  if (!match) throw new QsmError('not_found', 'Sockets are at /ws.')
  if (query !== undefined) {
    throw new QsmError(
      'bad_request',
      'Tokens never go into a URL: use the Authorization header or a ticket as subprotocol.',
    )
  }
  const { origin } = request.headers
  if (origin !== undefined && !isOwnOrigin(request, origin) && !originAllowed(allowedOrigins, origin)) {
    throw new QsmError('forbidden', 'This origin may not open sockets: name it in ALLOWED_ORIGINS.')
  }
  request.qsmSocketName = match[1] ?? null
}
