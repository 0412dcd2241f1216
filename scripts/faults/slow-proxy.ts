import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

/** Stands between people and the balancer and makes their connections bad ones. */
export interface SlowProxy {
  readonly url: string
  /** Bytes pass in small portions with pauses for so long. */
  slow(ms: number): Promise<void>
  /** All connections there are now go silent without an end being told of it; new ones are good. */
  halfOpen(): void
  close(): Promise<void>
}

const portionBytes = 512
const portionPauseMs = 20

/** Passes bytes on, as fast as the other end takes them. */
class Link {
  isSilent = false
  readonly #isSlow: () => boolean
  readonly #ends: readonly [Socket, Socket]

  constructor(client: Socket, server: Socket, isSlow: () => boolean) {
    this.#isSlow = isSlow
    this.#ends = [client, server]
    void this.#pass(client, server)
    void this.#pass(server, client)
  }

  async #pass(from: Socket, to: Socket): Promise<void> {
    try {
      for await (const chunk of from as AsyncIterable<Buffer>) {
        // Bytes of a silent link are taken and lost: to leave off reading would close it.
        for (let at = 0; at < chunk.length && !this.isSilent; ) {
          const size = this.#isSlow() ? portionBytes : chunk.length - at
          if (!to.write(chunk.subarray(at, at + size))) await once(to, 'drain')
          at += size
          if (this.#isSlow()) await sleep(portionPauseMs)
        }
      }
    } catch {
      // An end that breaks is what happens to connections; the other end is told below.
    }
    if (!this.isSilent) to.destroy()
  }

  destroy(): void {
    for (const end of this.#ends) end.destroy()
  }
}

export const startSlowProxy = async (target: string): Promise<SlowProxy> => {
  const { hostname, port } = new URL(target)
  const links = new Set<Link>()
  let isSlow = false
  const server = createServer(client => {
    const upstream = connect(Number(port), hostname)
    for (const end of [client, upstream]) end.on('error', () => end.destroy())
    const link = new Link(client, upstream, () => isSlow)
    links.add(link)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async slow(ms) {
      isSlow = true
      await sleep(ms)
      isSlow = false
    },
    halfOpen() {
      for (const link of links) link.isSilent = true
    },
    async close() {
      for (const link of links) link.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}
