import type { IncomingMessage, Server } from 'node:http'
import type { Duplex } from 'node:stream'
import { limits } from '@qsm/contract'
import Koa from 'koa'
import koaWebsocket from 'koa-websocket'
import { QsmError } from '../errors/qsm-error.js'
import type { Logger } from '../log.js'
import type { Metrics } from '../metrics/registry.js'
import { createAdmission, type SocketLimits } from './admission.js'
import { createHeartbeat } from './heartbeat.js'
import { ignoreUpgrade, wantsWebSocket } from './other-upgrades.js'
import { refuseUpgrade } from './refuse-upgrade.js'
import { createSocket, type SharedBySockets, type Socket } from './socket.js'
import { countSockets } from './socket-metrics.js'
import { TurnSocket } from './turn-socket.js'
import { checkUpgrade, offeredTicket, ticketPrefix } from './upgrade-request.js'

declare module 'node:http' {
  interface IncomingMessage {
    /** The name in `/ws/{username}`. */
    qsmSocketName?: string | null
  }
}

/** Who may open sockets, and how many. */
export interface SocketAccess {
  readonly allowedOrigins: readonly string[]
  /** Whether X-Forwarded-For tells the address of the client. */
  readonly trustProxy: boolean
  readonly limits: SocketLimits
}

export interface SocketOptions<Identity> extends SocketAccess {
  /** Judges the upgrade before it is answered. Throws a `QsmError` to refuse. `ticket` comes from the subprotocol. */
  authenticate(request: IncomingMessage, ticket: string | null): Promise<Identity>
  /** Sets the handlers; frames that came earlier wait until it returns. */
  onSocket(socket: Socket, identity: Identity): void
  readonly log: Logger
  readonly metrics?: Metrics
  readonly now: () => number
  /** The user by whose number of sockets an identity is limited. */
  userOf(identity: Identity): string
}

export interface Sockets {
  readonly open: ReadonlySet<Socket>
  /** From now on every upgrade is refused with 503. */
  refuseNew(): void
}

const goodbyeMs = 5_000

const webSocketOptions = {
  noServer: true,
  WebSocket: TurnSocket,
  perMessageDeflate: false, // 200 KB for each socket, and ciphertext does not compress.
  maxPayload: limits.maxSocketFrameBytes,
  closeTimeout: goodbyeMs,
  // A browser that offers protocols wants one of them chosen.
  handleProtocols: (protocols: Set<string>) => [...protocols].find(name => name.startsWith(ticketPrefix)) ?? false,
}

/** One function for all connections: a closure made where the request is in reach would keep that, with its head, for as long. */
function destroyOnError(this: Duplex): void {
  this.destroy()
}

const draining = () => new QsmError('draining', undefined, { retryAfterSeconds: 1 })

/**
 * Takes the upgrades of a server: each is judged before the handshake is answered; the socket is paused until its handler
 * stands, so no early frame is lost.
 */
export const acceptSockets = <Identity>(server: Server, options: SocketOptions<Identity>): Sockets => {
  const app = koaWebsocket(new Koa())
  const open = new Set<Socket>()
  const identities = new WeakMap<IncomingMessage, Identity>()
  const heartbeat = createHeartbeat()
  const count = countSockets(options.metrics, options.limits.maxSockets)
  const admission = createAdmission(options.limits, options.trustProxy)
  let refusing = false

  const shared: SharedBySockets = {
    log: options.log,
    onGoodbye: ({ reason }) => count.toldToClose(reason),
  }
  app.ws.use(context => {
    const webSocket = context.websocket as unknown as TurnSocket
    const socket = createSocket(webSocket, shared)
    open.add(socket)
    const unwatch = heartbeat.watch(socket)
    socket.onClose(code => {
      open.delete(socket)
      unwatch()
      count.closed(code)
    })
    try {
      options.onSocket(socket, identities.get(context.req) as Identity)
    } catch (error) {
      options.log.error({ err: error }, 'a socket was not taken')
      webSocket.close(1011, 'internal')
    }
    webSocket.resume()
  })
  app.ws.listen(webSocketOptions as never)
  const webSocketServer = app.ws.server
  if (!webSocketServer) throw new Error('koa-websocket made no server')

  const refuse = (connection: Duplex, thrown: unknown) =>
    count.refused(refuseUpgrade(connection, thrown, { now: options.now(), log: options.log }))
  webSocketServer.on('wsClientError', (cause, connection) =>
    refuse(connection, new QsmError('bad_request', `This is no WebSocket handshake: ${cause.message}.`, { cause })),
  )

  const admit = async (request: IncomingMessage): Promise<void> => {
    if (refusing) throw draining()
    checkUpgrade(request, options.allowedOrigins)
    const place = admission.enter(request)
    try {
      const identity = await options.authenticate(request, offeredTicket(request))
      place.belongsTo(options.userOf(identity))
      identities.set(request, identity)
    } finally {
      place.judged()
    }
    if (refusing) throw draining() // It began while this one was judged: who comes in now would be closed by nobody.
  }

  server.on('upgrade', (request, connection, head) => {
    if (!wantsWebSocket(request)) return ignoreUpgrade(server, request, connection, head)
    connection.on('error', destroyOnError)
    admit(request).then(
      () => {
        // The answer leaves in one write with what its socket sends first.
        connection.cork()
        webSocketServer.handleUpgrade(request, connection as never, head, given => {
          const webSocket = given as TurnSocket
          webSocket.pause()
          webSocketServer.emit('connection', webSocket, request)
          webSocket.flush()
        })
        connection.uncork()
      },
      thrown => refuse(connection, thrown),
    )
  })
  server.on('close', () => heartbeat.stop())
  return {
    open,
    refuseNew() {
      refusing = true
    },
  }
}
