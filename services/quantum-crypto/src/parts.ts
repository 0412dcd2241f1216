import type { Owners } from './accounts/owners.js'
import type { QuantumContext } from './context.js'
import type { OperationRunner } from './devices/run-operations.js'

/** What the routes of the quantum service work with. */
export interface QuantumParts {
  readonly context: QuantumContext
  readonly owners: Owners
  readonly runOperations: OperationRunner
}
