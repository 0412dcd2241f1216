import { getHealth } from '@qsm/contract'
import { type Clock, route } from '@qsm/server-kit'

export interface HealthOptions {
  readonly version: string
  readonly clock: Clock
  /** Rejects when the database does not answer. */
  readonly pingDatabase: () => Promise<void>
}

export const health = ({ version, clock, pingDatabase }: HealthOptions) =>
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
