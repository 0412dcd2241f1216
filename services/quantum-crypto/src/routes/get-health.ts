import { getQuantumHealth as contract } from '@qsm/contract'
import { route } from '@qsm/server-kit'
import { describe } from '../describe.js'
import type { QuantumParts } from '../parts.js'

export const getHealth = ({ context: { clock, database, report, version } }: QuantumParts) =>
  route(contract)(async () => {
    const state = await database.ping().then(
      () => 'ok' as const,
      () => 'unavailable' as const,
    )
    const body = { ...describe(report, version), timestamp: new Date(clock.now()).toISOString(), database: state }
    return state === 'ok'
      ? { status: 200, body: { ...body, status: 'healthy' } }
      : { status: 503, body: { ...body, status: 'unhealthy' } }
  })
