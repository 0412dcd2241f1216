import { createServer, type ServerResponse } from 'node:http'
import { openPort } from '../lifecycle/open-port.js'
import type { Metrics } from '../metrics/registry.js'

export interface AdminOptions {
  readonly host: string
  readonly port: number
  /** The environment variable that chooses the port; ADMIN_PORT where left out. */
  readonly variable?: string
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

const checkTimeoutMs = 2_000

/** `ok`, or `unavailable` where a check rejects or takes longer than 2 s. */
const stateOf = (check: () => Promise<void>): Promise<'ok' | 'unavailable'> =>
  new Promise(resolve => {
    const timer = setTimeout(resolve, checkTimeoutMs, 'unavailable')
    const settle = (state: 'ok' | 'unavailable') => () => {
      clearTimeout(timer)
      resolve(state)
    }
    check().then(settle('ok'), settle('unavailable'))
  })

const send = (response: ServerResponse, status: number, contentType: string, body: string) =>
  response
    .writeHead(status, {
      'Content-Type': contentType,
      'Cache-Control': 'no-store',
      'X-Content-Type-Options': 'nosniff',
    })
    .end(body)

/**
 * The admin port: `/livez` is constant, `/readyz` looks at the dependencies and at draining, `/metrics` is Prometheus
 * text. A lost dependency never fails `/livez`, or an outage of the database would restart every pod. Throws `PortError`.
 */
export const startAdminServer = async (options: AdminOptions): Promise<AdminServer> => {
  let draining = false

  const ready = async (): Promise<{ status: number; body: object }> => {
    const checks = Object.entries(options.checks)
    const results = await Promise.all(checks.map(async ([name, check]) => [name, await stateOf(check)] as const))
    const ok = !draining && results.every(([, state]) => state === 'ok')
    return { status: ok ? 200 : 503, body: { ready: ok, draining, ...Object.fromEntries(results) } }
  }

  const answer = async (method: string, path: string, response: ServerResponse): Promise<unknown> => {
    if (method !== 'GET' && method !== 'HEAD') return send(response, 405, 'text/plain', 'GET only\n')
    if (path === '/livez') return send(response, 200, 'text/plain', 'ok\n')
    if (path === '/readyz') {
      const { status, body } = await ready()
      return send(response, status, 'application/json', JSON.stringify(body))
    }
    if (path === '/metrics') {
      const { contentType, body } = await options.metrics.text()
      return send(response, 200, contentType, body)
    }
    return send(response, 404, 'text/plain', 'here are /livez, /readyz and /metrics\n')
  }

  const server = createServer((request, response) => {
    const path = (request.url ?? '/').split('?')[0] ?? '/'
    answer(request.method ?? '', path, response).catch(() => send(response, 500, 'text/plain', 'internal\n'))
  })
  const port = await openPort(server, {
    host: options.host,
    port: options.port,
    variable: options.variable ?? 'ADMIN_PORT',
  })
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
