import { getQuantumInfo as contract } from '@qsm/contract'
import { route } from '@qsm/server-kit'
import type { AlgorithmReport } from '@qsm/wasm'
import { describe } from '../describe.js'

export const getInfo = (report: AlgorithmReport, { version }: { readonly version: string }) =>
  route(contract)(async () => ({ status: 200, body: describe(report, version) }))
