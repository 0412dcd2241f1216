import { getQuantumHealth as contract } from '@qsm/contract'
import { type Clock, route } from '@qsm/server-kit'
import type { AlgorithmReport } from '@qsm/wasm'
import { describe } from '../describe.js'

export const getHealth = (
  report: AlgorithmReport,
  { clock, version }: { readonly clock: Clock; readonly version: string },
) =>
  route(contract)(async () => ({
    status: 200,
    body: { ...describe(report, version), status: 'healthy', timestamp: new Date(clock.now()).toISOString() },
  }))
