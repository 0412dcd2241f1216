import { getConfig as contract, publicLimits } from '@qsm/contract'
import { route } from '@qsm/server-kit'

export interface PublicConfig {
  /** Null where clients do not reach the quantum service. */
  readonly quantumApi: string | null
  readonly websocketEnabled: boolean
  readonly suites: readonly number[]
}

export const getConfig = ({ quantumApi, websocketEnabled, suites }: PublicConfig) =>
  route(contract)(async () => ({
    status: 200,
    body: {
      quantum_api: quantumApi,
      websocket_enabled: websocketEnabled,
      suites: [...suites],
      limits: { ...publicLimits },
    },
  }))
