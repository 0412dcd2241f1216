import { type BoundRoute, type RouteGroup, scheduleJobs } from '@qsm/server-kit'
import { expiryJob } from './accounts/expiry.js'
import { type Owners, startOwners } from './accounts/owners.js'
import { type QuantumContext, quantumSchema } from './context.js'
import { deviceCounters } from './devices/counters.js'
import { createManagedDevices } from './devices/managed-devices.js'
import { createOperationRunner, type OperationRunner } from './devices/run-operations.js'
import type { QuantumParts } from './parts.js'
import { getHealth } from './routes/get-health.js'
import { getInfo } from './routes/get-info.js'
import { managedKeyRoutes } from './routes/managed-keys.js'
import { runManagedOperations } from './routes/run-managed-operations.js'

export interface QuantumApp {
  readonly group: RouteGroup
  readonly owners: Owners
  /** What managed devices do, for a caller in the same process. */
  readonly runOperations: OperationRunner
  /** Rejects when the database does not answer. */
  ping(): Promise<void>
  /** Ends background work and closes the database. */
  close(): Promise<void>
}

const routesOf = (parts: QuantumParts): readonly BoundRoute[] => [
  getHealth(parts),
  getInfo(parts),
  ...managedKeyRoutes(),
  runManagedOperations(parts.runOperations),
]

/** The quantum service over its context. Where it fails, the database is closed. */
export const createQuantumApp = async (context: QuantumContext): Promise<QuantumApp> => {
  const { database, tokens } = context
  const tokenLifeMs = tokens.lifeSeconds * 1000
  const owners = await startOwners({ ...context, tokenLifeMs }).catch(async error => {
    await database.close()
    throw error
  })
  const stopJobs = scheduleJobs({ ...context, schema: quantumSchema }, [expiryJob(tokenLifeMs)])
  const authenticate = (token: string) => {
    const caller = tokens.verifyAccess(token)
    owners.check(caller)
    return caller
  }
  const runOperations = createOperationRunner({
    devices: createManagedDevices({ ...context, counters: deviceCounters(context.metrics) }),
    log: context.log,
    async authenticate(token) {
      const caller = authenticate(token)
      await owners.require(caller)
      return caller
    },
  })
  return {
    owners,
    runOperations,
    ping: () => database.ping(),
    group: {
      routes: routesOf({ context, owners, runOperations }),
      authenticate,
      authenticateService(token) {
        tokens.verifyService(token)
      },
    },
    async close() {
      await owners.stop()
      await stopJobs()
      await database.close()
    },
  }
}
