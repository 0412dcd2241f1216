import { getQuantumInfo as contract } from '@qsm/contract'
import { route } from '@qsm/server-kit'
import { describe } from '../describe.js'
import type { QuantumParts } from '../parts.js'

export const getInfo = ({ context: { report, version } }: QuantumParts) =>
  route(contract)(async () => ({ status: 200, body: describe(report, version) }))
