import { connect, createServer, type Server, type Socket } from 'node:net'

export interface Gate {
  /** The database's address, by way of the gate. */
  readonly url: string
  /** Cuts what is open; new connections pass. */
  cut(): void
  /** Cuts what is open and takes no new connections. */
  refuse(): void
  /** Keeps everything open and lets nothing through, as a stopped machine does. */
  freeze(): void
  /** Lets everything through again. What was frozen is cut. */
  open(): void
  close(): Promise<void>
}

/** A way to a database that can be closed, cut and frozen. */
export const startGate = async (target: string): Promise<Gate> => {
  const url = new URL(target)
  const port = Number(url.port)
  const host = url.hostname
  const pairs = new Set<readonly [Socket, Socket]>()
  let frozen = false
  let own = 0

  const accept = (near: Socket): void => {
    const far = connect(port, host)
    const pair = [near, far] as const
    pairs.add(pair)
    const end = () => {
      near.destroy()
      far.destroy()
      pairs.delete(pair)
    }
    for (const socket of pair) socket.on('error', end).on('close', end)
    near.on('data', chunk => frozen || far.write(chunk))
    far.on('data', chunk => frozen || near.write(chunk))
  }
  const cut = () => {
    for (const [near] of pairs) near.destroy()
  }
  let server: Server | null = null
  const listen = () =>
    new Promise<void>(resolve => {
      if (server) return resolve()
      const next = createServer(accept)
      server = next
      next.listen(own, '127.0.0.1', () => {
        own = (next.address() as { port: number }).port
        resolve()
      })
    })
  const stopListening = () => {
    server?.close()
    server = null
  }
  await listen()
  url.port = String(own)
  url.hostname = '127.0.0.1'
  return {
    url: url.href,
    cut,
    refuse() {
      stopListening()
      cut()
    },
    freeze() {
      frozen = true
    },
    open() {
      if (frozen) cut()
      frozen = false
      void listen()
    },
    close: async () => {
      stopListening()
      cut()
    },
  }
}
