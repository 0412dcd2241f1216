import { createServer, type Server } from 'node:http'
import type Koa from 'koa'
import { systemClock } from '../clock.js'
import { answerProtocolErrors } from '../http/protocol-errors.js'
import { openPort, type PortOptions } from './open-port.js'

export interface HttpServer {
  readonly server: Server
  readonly port: number
  /**
   * Takes no new connections and lets requests under way finish; cuts what is left after `deadlineMs`. Open sockets are
   * to be closed before, or they last until the deadline.
   */
  stop(deadlineMs: number): Promise<void>
}

const timeouts = { headersTimeout: 20_000, requestTimeout: 60_000, keepAliveTimeout: 65_000 }
const idleSweepMs = 50

const stopServer = (server: Server, deadlineMs: number): Promise<void> =>
  new Promise(resolve => {
    const done = () => {
      clearTimeout(deadline)
      clearInterval(sweep)
      resolve()
    }
    const deadline = setTimeout(() => {
      server.closeAllConnections()
      done()
    }, deadlineMs)
    // A connection whose request has just finished would be kept alive for more of them.
    const sweep = setInterval(() => server.closeIdleConnections(), idleSweepMs)
    server.close(done)
    server.closeIdleConnections()
  })

/** Listens with a Koa app. Throws `PortError` naming the variable that chooses the port. */
export const listenHttp = async (app: Koa, options: PortOptions): Promise<HttpServer> => {
  const server = createServer({ maxHeaderSize: 16_384, ...timeouts }, app.callback())
  answerProtocolErrors(server, systemClock)
  const port = await openPort(server, options)
  return { server, port, stop: deadlineMs => stopServer(server, deadlineMs) }
}
