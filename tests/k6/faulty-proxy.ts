import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http'
import { connect, type Socket } from 'node:net'

/** What goes wrong between a client and a server that is well. */
export interface Fault {
  /** Requests with this path, of which each `every`th is answered with this status. */
  readonly refuse?: { readonly path: string; readonly status: number; readonly every?: number }
  /** So long after a socket was opened nothing of the server comes through any more. */
  readonly silentAfterMs?: number
  /** So long after a socket was opened it is cut. */
  readonly cutAfterMs?: number
  /** From this socket on none is let in. */
  readonly refuseSocketsFrom?: number
}

/** A proxy in front of a server, with a planted fault. */
export const startFaultyProxy = async (
  target: string,
  fault: Fault,
): Promise<{ readonly url: string; close(): Promise<void> }> => {
  const { hostname, port } = new URL(target)
  const open = new Set<Socket>()
  const keep = (socket: Socket) => {
    open.add(socket)
    socket.on('error', () => {}).once('close', () => open.delete(socket))
    return socket
  }
  let seen = 0
  let sockets = 0

  const answer = (incoming: IncomingMessage, outgoing: ServerResponse): void => {
    const { refuse } = fault
    if (refuse && incoming.url?.startsWith(refuse.path)) {
      seen += 1
      if (seen % (refuse.every ?? 1) === 0) return void outgoing.writeHead(refuse.status).end()
    }
    const { method = 'GET', url, headers } = incoming
    const onward = request({ hostname, port, method, path: url, headers }, response => {
      outgoing.writeHead(response.statusCode ?? 502, response.headers)
      response.pipe(outgoing)
    })
    onward.once('error', () => outgoing.destroy())
    incoming.pipe(onward)
  }
  const server = createServer(answer).on('connection', keep)

  server.on('upgrade', (incoming, client: Socket, head: Buffer): void => {
    sockets += 1
    if (sockets >= (fault.refuseSocketsFrom ?? Number.POSITIVE_INFINITY)) {
      return void client.end('HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\nConnection: close\r\n\r\n')
    }
    const onward = keep(connect(Number(port), hostname))
    const lines = incoming.rawHeaders.flatMap((name, at) =>
      at % 2 === 0 ? [`${name}: ${incoming.rawHeaders[at + 1]}`] : [],
    )
    onward.write(`GET ${incoming.url} HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n`)
    onward.write(head)
    client.pipe(onward)
    const opened = performance.now()
    onward.on('data', data => {
      if (performance.now() - opened < (fault.silentAfterMs ?? Number.POSITIVE_INFINITY)) client.write(data)
    })
    onward.once('close', () => client.destroy())
    client.once('close', () => onward.destroy())
    if (fault.cutAfterMs !== undefined) setTimeout(() => client.destroy(), fault.cutAfterMs)
  })

  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const address = server.address() as { port: number }
  return {
    url: `http://127.0.0.1:${address.port}`,
    close: () =>
      new Promise(resolve => {
        server.close(() => resolve())
        for (const socket of open) socket.destroy()
      }),
  }
}
