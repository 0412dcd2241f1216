import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Metrics } from '../metrics/registry.js'

export interface AdminOptions {
  readonly host: string
  readonly port: number
  readonly metrics: Metrics
  /** The dependencies that must answer before traffic is taken; each rejects when it is away. */
  readonly checks: Readonly<Record<string, () => Promise<void>>>
}

export interface AdminServer {
  readonly port: number
  /** From now on `/readyz` says 503. */
  drain(): void
  close(): Promise<void>
}

const listen = (server: Server, host: string, port: number): Promise<number> =>
  new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, () => {
      server.off('error', reject)
      resolve((server.address() as AddressInfo).port)
    })
  })

/**
 * The admin port: `/livez` is constant, `/readyz` looks at the dependencies and at draining, `/metrics` is Prometheus
 * text. A lost dependency never fails `/livez`, or an outage of the database would restart every pod.
 */
export const startAdminServer = async (options: AdminOptions): Promise<AdminServer> => {
  let draining = false

  const ready = async (): Promise<{ status: number; body: object }> => {
    const results = await Promise.all(
      Object.entries(options.checks).map(async ([name, check]) => [name, await check().then(() => 'ok', () => 'unavailable')] as const),
    )
    const ok = !draining && results.every(([, state]) => state === 'ok')
    return { status: ok ? 200 : 503, body: { ready: ok, draining, ...Object.fromEntries(results) } }
  }

  const server = createServer(async (request, response) => {
    const send = (status: number, contentType: string, body: string) =>
      response.writeHead(status, { 'Content-Type': contentType, 'Cache-Control': 'no-store' }).end(body)
    const path = (request.url ?? '/').split('?')[0]
    if (request.method !== 'GET') return send(405, 'text/plain', 'GET only\n')
    if (path === '/livez') return send(200, 'text/plain', 'ok\n')
    if (path === '/readyz') {
      const { status, body } = await ready()
      return send(status, 'application/json', JSON.stringify(body))
    }
    if (path === '/metrics') {
      const { contentType, body } = await options.metrics.text()
      return send(200, contentType, body)
    }
    return send(404, 'text/plain', 'here are /livez, /readyz and /metrics\n')
  })
  const port = await listen(server, options.host, options.port)
  return {
    port,
    drain() {
      draining = true
    },
    close: () =>
      new Promise(resolve => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}
