import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'

/** A port that cannot be had, with what to do about it. */
export class PortError extends Error {
  override readonly name = 'PortError'
}

export interface PortOptions {
  readonly host: string
  /** 0 takes any free port. */
  readonly port: number
  /** The environment variable that chooses the port; named in errors. */
  readonly variable: string
}

const explain = (error: NodeJS.ErrnoException, { host, port, variable }: PortOptions): Error => {
  switch (error.code) {
    case 'EADDRINUSE':
      return new PortError(
        `Port ${port} on ${host} is in use. Stop what uses it, or choose another: ${variable}=${port + 10}`,
      )
    case 'EACCES':
      return new PortError(`Port ${port} on ${host} needs more rights. Choose one above 1023: ${variable}=8000`)
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
      return new PortError(`${host} is no address of this machine, so port ${port} cannot be opened there.`)
    default:
      return error
  }
}

/** Connections that wait to be taken: after an outage thousands come at once. Linux cuts it to net.core.somaxconn. */
const backlog = 4_096

/** Listens; resolves with the port. Throws `PortError` naming the variable that chooses it. */
export const openPort = (server: Server, options: PortOptions): Promise<number> =>
  new Promise((resolve, reject) => {
    const failed = (error: NodeJS.ErrnoException) => reject(explain(error, options))
    server.once('error', failed)
    server.listen({ port: options.port, host: options.host, backlog }, () => {
      server.off('error', failed)
      resolve((server.address() as AddressInfo).port)
    })
  })
