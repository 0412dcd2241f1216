import { getConfig, getHealth, getRoot, publicLimits } from '@qsm/contract'
import { type BoundRoute, type Clock, route } from '@qsm/server-kit'

export interface MainRouteOptions {
  readonly version: string
  readonly clock: Clock
  readonly quantumApi: string
  readonly websocketEnabled: boolean
  readonly suites: readonly number[]
  /** Rejects when the database does not answer. */
  readonly pingDatabase: () => Promise<void>
}

const root = ({ version }: MainRouteOptions) =>
  route(getRoot)(async () => ({ status: 200, body: { service: 'qsm', version, docs: '/docs', health: '/api/health' } }))

const health = ({ version, clock, pingDatabase }: MainRouteOptions) =>
  route(getHealth)(async () => {
    const database = await pingDatabase().then(
      () => 'ok' as const,
      () => 'unavailable' as const,
    )
    const body = {
      service: 'qsm',
      version,
      timestamp: new Date(clock.now()).toISOString(),
      database,
      redis: 'not_configured' as const,
      quantum_service: 'ok' as const,
    }
    return database === 'ok'
      ? { status: 200, body: { status: 'healthy', ...body } }
      : { status: 503, body: { status: 'unhealthy', ...body } }
  })

const config = ({ quantumApi, websocketEnabled, suites }: MainRouteOptions) =>
  route(getConfig)(async () => ({
    status: 200,
    body: { quantum_api: quantumApi, websocket_enabled: websocketEnabled, suites: [...suites], limits: { ...publicLimits } },
  }))

/** The open routes that tell what this server is. */
export const mainRoutes = (options: MainRouteOptions): readonly BoundRoute[] => [root(options), health(options), config(options)]
