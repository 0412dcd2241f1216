import type { IncomingMessage, Server } from 'node:http'
import type { Duplex } from 'node:stream'
import { limits } from '@qsm/contract'
import Koa from 'koa'
import koaWebsocket from 'koa-websocket'
import type { WebSocket } from 'ws'
import { toErrorAnswer, toQsmError } from '../errors/error-answer.js'
import { QsmError } from '../errors/qsm-error.js'
import { originAllowed } from '../http/cross-origin.js'
import { newId } from '../ids.js'
import type { Logger } from '../log.js'
import { createSocket, type Socket } from './socket.js'

export interface SocketOptions<Identity> {
  /** Judges the upgrade before it is answered. Throws a `QsmError` to refuse. `ticket` comes from the subprotocol. */
  authenticate(request: IncomingMessage, ticket: string | null): Promise<Identity>
  /** Sets the handlers; frames that came earlier wait until it returns. */
  onSocket(socket: Socket, identity: Identity): void
  readonly allowedOrigins: readonly string[]
  readonly log: Logger
  readonly now: () => number
  /** Upgrades beyond this many open sockets are refused with 503. */
  readonly maxSockets: number
}

export interface Sockets {
  readonly open: ReadonlySet<Socket>
  /** From now on every upgrade is refused with 503. */
  refuseNew(): void
}

const paths = /^\/ws(?:\/([A-Za-z0-9_-]{3,50}))?$/
const ticketPrefix = 'qsm.ticket.'

/** The ticket among the offered subprotocols. */
const offeredTicket = (request: IncomingMessage): string | null => {
  const header = request.headers['sec-websocket-protocol'] ?? ''
  const protocol = header
    .split(',')
    .map(name => name.trim())
    .find(name => name.startsWith(ticketPrefix))
  return protocol?.slice(ticketPrefix.length) ?? null
}

const refuse = (connection: Duplex, thrown: unknown, now: number, log: Logger): void => {
  const error = toQsmError(thrown)
  if (error.code === 'internal') log.error({ err: error.cause ?? error }, 'upgrade failed')
  const answer = toErrorAnswer(error, newId(), new Date(now))
  const body = JSON.stringify(answer.body)
  const retry = answer.retryAfterSeconds === undefined ? '' : `Retry-After: ${answer.retryAfterSeconds}\r\n`
  connection.end(
    `HTTP/1.1 ${answer.status} Refused\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\n${retry}Connection: close\r\n\r\n${body}`,
  )
}

/** Checks of an upgrade that need no token. The name in `/ws/{username}` is returned for the caller to compare. */
const checkRequest = (request: IncomingMessage, allowedOrigins: readonly string[]): string | null => {
  const url = new URL(request.url ?? '/', 'http://localhost')
  const match = paths.exec(url.pathname)
  if (!match) throw new QsmError('not_found', 'Sockets are at /ws.')
  if (url.search !== '') {
    throw new QsmError(
      'bad_request',
      'Tokens never go into a URL: use the Authorization header or a ticket as subprotocol.',
    )
  }
  const { origin } = request.headers
  const own = `${request.headers['x-forwarded-proto'] ?? 'http'}://${request.headers.host}`
  if (origin !== undefined && origin !== own && !originAllowed(allowedOrigins, origin)) {
    throw new QsmError('forbidden', 'This origin may not open sockets: name it in ALLOWED_ORIGINS.')
  }
  return match[1] ?? null
}

declare module 'node:http' {
  interface IncomingMessage {
    /** The name in `/ws/{username}`. */
    qsmSocketName?: string | null
  }
}

/**
 * Takes the upgrades of a server: each is judged before the handshake is answered; the socket is paused until its handler
 * stands, so no early frame is lost.
 */
export const acceptSockets = <Identity>(server: Server, options: SocketOptions<Identity>): Sockets => {
  const app = koaWebsocket(new Koa())
  const open = new Set<Socket>()
  const identities = new WeakMap<IncomingMessage, Identity>()
  let refusing = false
  let upgrading = 0

  app.ws.use(context => {
    const webSocket = context.websocket as unknown as WebSocket
    const identity = identities.get(context.req) as Identity
    const socket = createSocket(webSocket, options.log)
    open.add(socket)
    socket.onClose(() => open.delete(socket))
    options.onSocket(socket, identity)
    webSocket.resume()
  })
  app.ws.listen({
    noServer: true,
    perMessageDeflate: false,
    maxPayload: limits.maxSocketFrameBytes,
    handleProtocols: (protocols: Set<string>) => [...protocols].find(name => name.startsWith(ticketPrefix)) ?? false,
  } as never)
  const webSocketServer = app.ws.server
  if (!webSocketServer) throw new Error('koa-websocket made no server')

  const upgrade = async (request: IncomingMessage, connection: Duplex, head: Buffer): Promise<void> => {
    connection.on('error', () => connection.destroy())
    try {
      if (refusing) throw new QsmError('draining', undefined, { retryAfterSeconds: 1 })
      if (open.size + upgrading >= options.maxSockets) {
        throw new QsmError('unavailable', 'This server holds as many sockets as it may.', { retryAfterSeconds: 5 })
      }
      request.qsmSocketName = checkRequest(request, options.allowedOrigins)
      upgrading += 1
      try {
        identities.set(request, await options.authenticate(request, offeredTicket(request)))
      } finally {
        upgrading -= 1
      }
      webSocketServer.handleUpgrade(request, connection, head, webSocket => {
        webSocket.pause()
        webSocketServer.emit('connection', webSocket, request)
      })
    } catch (thrown) {
      refuse(connection, thrown, options.now(), options.log)
    }
  }
  server.on('upgrade', (request, connection, head) => void upgrade(request, connection, head))
  return {
    open,
    refuseNew() {
      refusing = true
    },
  }
}
