import { getHealth as contract } from '@qsm/contract'
import { type Bus, type Clock, route } from '@qsm/server-kit'

export interface HealthOptions {
  readonly version: string
  readonly clock: Clock
  /** Rejects when the database does not answer. */
  readonly pingDatabase: () => Promise<void>
  /** Whether the quantum service answered when it was last asked; asking is nothing that a request waits for. */
  readonly quantumReady: () => boolean
  /** Whether hints of other pods come. */
  readonly bus: Pick<Bus, 'state'>
}

const stateOf = (isThere: boolean) => (isThere ? ('ok' as const) : ('unavailable' as const))

/**
 * Without the quantum service thin clients wait while everybody else is served, without Redis messages of other pods come
 * later: that is `degraded` and 200.
 */
export const getHealth = ({ version, clock, pingDatabase, quantumReady, bus }: HealthOptions) =>
  route(contract)(async () => {
    const hasDatabase = await pingDatabase().then(
      () => true,
      () => false,
    )
    const hasQuantum = quantumReady()
    const body = {
      service: 'qsm',
      version,
      timestamp: new Date(clock.now()).toISOString(),
      database: stateOf(hasDatabase),
      redis: bus.state,
      quantum_service: stateOf(hasQuantum),
    }
    if (!hasDatabase) return { status: 503, body: { status: 'unhealthy', ...body } }
    return {
      status: 200,
      body: { status: hasQuantum && bus.state !== 'unavailable' ? 'healthy' : 'degraded', ...body },
    }
  })
