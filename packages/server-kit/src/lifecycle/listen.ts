import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import type Koa from 'koa'

/** A port that cannot be had, with what to do about it. */
export class PortError extends Error {
  override readonly name = 'PortError'
}

const explain = (error: NodeJS.ErrnoException, host: string, port: number, variable: string): Error => {
  if (error.code === 'EADDRINUSE') {
    return new PortError(`Port ${port} on ${host} is in use. Stop what uses it, or choose another: ${variable}=${port + 10}`)
  }
  if (error.code === 'EACCES') {
    return new PortError(`Port ${port} on ${host} needs more rights. Choose one above 1023: ${variable}=8000`)
  }
  return error
}

export interface HttpServer {
  readonly server: Server
  readonly port: number
  /** Takes no new connections and lets requests under way finish; cuts what is left after `deadlineMs`. */
  stop(deadlineMs: number): Promise<void>
}

/** Listens with a Koa app. Throws `PortError` naming the variable that chooses the port. */
export const listenHttp = async (
  app: Koa,
  options: { readonly host: string; readonly port: number; readonly variable: string },
): Promise<HttpServer> => {
  const server = createServer({ maxHeaderSize: 16_384, headersTimeout: 20_000, requestTimeout: 60_000, keepAliveTimeout: 65_000 }, app.callback())
  const port = await new Promise<number>((resolve, reject) => {
    const failed = (error: NodeJS.ErrnoException) => reject(explain(error, options.host, options.port, options.variable))
    server.once('error', failed)
    server.listen(options.port, options.host, () => {
      server.off('error', failed)
      resolve((server.address() as AddressInfo).port)
    })
  })
  return {
    server,
    port,
    stop: deadlineMs =>
      new Promise(resolve => {
        const deadline = setTimeout(() => server.closeAllConnections(), deadlineMs)
        server.close(() => {
          clearTimeout(deadline)
          resolve()
        })
        server.closeIdleConnections()
      }),
  }
}
