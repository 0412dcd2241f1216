import { type BoundRoute, type RouteGroup, scheduleJobs } from '@qsm/server-kit'
import { expiryJob } from './accounts/expiry.js'
import { type Owners, startOwners } from './accounts/owners.js'
import { createUserLimits } from './callers/user-limits.js'
import { type QuantumContext, quantumSchema } from './context.js'
import { deviceCounters } from './devices/counters.js'
import { deviceJobs } from './devices/jobs.js'
import { createManagedDevices } from './devices/managed-devices.js'
import { createOperationRunner, type OperationRunner } from './devices/run-operations.js'
import { createManagedKeys } from './keys/managed-keys.js'
import type { QuantumParts } from './parts.js'
import { decapsulate } from './routes/decapsulate.js'
import { decrypt } from './routes/decrypt.js'
import { destroyKeys } from './routes/destroy-keys.js'
import { encapsulate } from './routes/encapsulate.js'
import { encrypt } from './routes/encrypt.js'
import { generateKeys } from './routes/generate-keys.js'
import { getHealth } from './routes/get-health.js'
import { getInfo } from './routes/get-info.js'
import { listKeys } from './routes/list-keys.js'
import { runManagedOperations } from './routes/run-managed-operations.js'
import { wrapSign } from './routes/wrap-sign.js'
import { wrapVerify } from './routes/wrap-verify.js'

export interface QuantumApp {
  readonly group: RouteGroup
  readonly owners: Owners
  /** What managed devices do, for a caller in the same process. */
  readonly runOperations: OperationRunner
  /** Rejects when the database does not answer. */
  ping(): Promise<void>
  /** Ends background work, the signing threads and the connections. */
  close(): Promise<void>
}

const routesOf = (parts: QuantumParts): readonly BoundRoute[] => [
  getHealth(parts),
  getInfo(parts),
  generateKeys(parts),
  encapsulate(parts),
  decapsulate(parts),
  wrapSign(parts),
  wrapVerify(parts),
  encrypt(parts),
  decrypt(parts),
  listKeys(parts),
  destroyKeys(parts),
  runManagedOperations(parts.runOperations),
]

/** The quantum service over its context. Where it fails, the context is closed. */
export const createQuantumApp = async (context: QuantumContext): Promise<QuantumApp> => {
  const { database, signing, tokens } = context
  const closeContext = async () => {
    await signing.close()
    await database.close()
  }
  const tokenLifeMs = tokens.lifeSeconds * 1000
  const owners = await startOwners({ ...context, tokenLifeMs }).catch(async error => {
    await closeContext()
    throw error
  })
  const devices = createManagedDevices({ ...context, counters: deviceCounters(context.metrics) })
  const stopJobs = scheduleJobs({ ...context, schema: quantumSchema }, [
    expiryJob(tokenLifeMs),
    ...deviceJobs({ ...context, devices }),
  ])
  const authenticate = (token: string) => {
    const caller = tokens.verifyAccess(token)
    owners.check(caller)
    return caller
  }
  const runOperations = createOperationRunner({
    devices,
    log: context.log,
    async authenticate(token) {
      const caller = authenticate(token)
      await owners.require(caller)
      return caller
    },
  })
  const operations = context.metrics.counter({
    name: 'qsm_crypto_operations_total',
    help: 'Operations of the REST routes that were done, by kind.',
    labelNames: ['operation'],
  })
  const limits = createUserLimits(context.rateLimits, context.perMinute)
  const parts: QuantumParts = {
    ...{ context, owners, limits, runOperations },
    keys: createManagedKeys(context, owners),
    count: (operation, times = 1) => operations.inc({ operation }, times),
  }
  return {
    owners,
    runOperations,
    ping: () => database.ping(),
    group: {
      routes: routesOf(parts),
      authenticate,
      authenticateService(token) {
        tokens.verifyService(token)
      },
      async limit(_, caller) {
        if (caller) await limits.call.take(caller.userId)
      },
    },
    async close() {
      await owners.stop()
      await stopJobs()
      await closeContext()
    },
  }
}
