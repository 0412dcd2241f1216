import type { BoundRoute, Caller, Clock, RouteGroup, Tokens } from '@qsm/server-kit'
import { loadPostQuantum } from '@qsm/wasm'
import { getHealth } from './routes/get-health.js'
import { getInfo } from './routes/get-info.js'
import { managedKeyRoutes } from './routes/managed-keys.js'

export interface QuantumAppOptions {
  readonly tokens: Tokens
  readonly clock: Clock
  readonly version: string
}

/** The quantum service. It says what runs here; managed keys are not in this version yet and say so. */
export const createQuantumApp = async (options: QuantumAppOptions): Promise<{ readonly group: RouteGroup }> => {
  const { report } = await loadPostQuantum()
  const routes: readonly BoundRoute[] = [getHealth(report, options), getInfo(report, options), ...managedKeyRoutes()]
  return {
    group: {
      routes,
      authenticate: (token): Caller => options.tokens.verifyAccess(token),
      authenticateService: token => {
        options.tokens.verifyService(token)
      },
    },
  }
}
