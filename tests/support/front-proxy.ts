import { createServer as createHttpServer, type IncomingMessage, request, type ServerResponse } from 'node:http'
import { createServer as createHttpsServer } from 'node:https'
import { type AddressInfo, connect, type Socket } from 'node:net'

export interface FrontProxyOptions {
  /** What becomes of WebSocket upgrades: they go through, get 400, or no answer at all. */
  readonly upgrades?: 'pass' | 'refuse' | 'hold'
  /** Requests of these paths get no answer. */
  readonly holds?: RegExp
  /** Gets the parts of all bodies that clients send. */
  readonly onBody?: (part: Buffer) => void
  /** Key and certificate in PEM: then it speaks https; with `ecdhCurve` by that key-exchange group alone. */
  readonly tls?: { readonly key: string; readonly cert: string; readonly ecdhCurve?: string }
}

export interface FrontProxy {
  readonly url: string
  close(): Promise<void>
}

/** Stands in front of a server at an http address, as an ingress does, and breaks what it is told to break. */
export const startFrontProxy = async (target: string, options: FrontProxyOptions = {}): Promise<FrontProxy> => {
  const { hostname, port } = new URL(target)
  const sockets = new Set<Socket>()
  const pass = (incoming: IncomingMessage, answer: ServerResponse) => {
    if (options.holds?.test(incoming.url ?? '')) return
    const { method, url: path, headers } = incoming
    const outgoing = request({ hostname, port, method, path, headers }, response => {
      answer.writeHead(response.statusCode ?? 502, response.headers)
      response.pipe(answer)
    })
    outgoing.on('error', () => answer.destroy())
    if (options.onBody) incoming.on('data', options.onBody)
    incoming.pipe(outgoing)
  }
  const server = options.tls ? createHttpsServer(options.tls, pass) : createHttpServer(pass)
  server.on(options.tls ? 'secureConnection' : 'connection', (socket: Socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
    socket.on('error', () => socket.destroy())
  })
  server.on('upgrade', (incoming: IncomingMessage, socket: Socket, head: Buffer) => {
    if (options.upgrades === 'hold') return
    if (options.upgrades === 'refuse') {
      socket.end('HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n')
      return
    }
    const through = connect(Number(port), hostname, () => {
      const lines = incoming.rawHeaders.map((text, index) => (index % 2 === 0 ? `${text}: ` : `${text}\r\n`))
      through.write(`${incoming.method} ${incoming.url} HTTP/1.1\r\n${lines.join('')}\r\n`)
      through.write(head)
      socket.pipe(through).pipe(socket)
    })
    through.on('error', () => socket.destroy())
    socket.on('close', () => through.destroy())
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `${options.tls ? 'https' : 'http'}://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async close() {
      for (const socket of sockets) socket.destroy()
      await new Promise(resolve => server.close(resolve))
    },
  }
}
